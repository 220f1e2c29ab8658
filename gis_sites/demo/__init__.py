"""A made-up city of any size, for the demo, the tests and the benchmarks; it enters by the front door."""

from gis_sites.demo.deliveries import Delivery, requirements, write_city

__all__ = ["Delivery", "requirements", "write_city"]
