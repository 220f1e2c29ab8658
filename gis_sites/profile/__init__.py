"""Parcels x layers -> attributes: what is known about every parcel and offer, and how surely."""
