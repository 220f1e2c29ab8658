"""Areas on the ellipsoid, for any working CRS."""

import numpy as np
import numpy.typing as npt
import pyproj
import shapely


def planar_area(geometries: npt.NDArray[np.object_], crs: pyproj.CRS) -> npt.NDArray[np.float64]:
    """Return the areas in square metres in the plane of a projected system: float64[n]."""
    metre = crs.axis_info[0].unit_conversion_factor
    found: npt.NDArray[np.float64] = shapely.area(geometries) * metre**2
    return found


def ellipsoidal_area(geometries: npt.NDArray[np.object_], crs: pyproj.CRS) -> npt.NDArray[np.float64]:
    """Return the areas in square metres as measured on the ellipsoid: float64[n].

    The planar area is divided by the areal scale of the projection at each centroid; for an area the size of
    a parcel the scale is constant to well under a square millimetre a hectare. See Snyder, Map Projections:
    A Working Manual (USGS 1395), section 4, for the areal scale.
    """
    centres = shapely.centroid(geometries)
    x, y = shapely.get_x(centres), shapely.get_y(centres)
    to_degrees = pyproj.Transformer.from_crs(crs, crs.geodetic_crs, always_xy=True)
    longitude, latitude = to_degrees.transform(x, y)
    scale = pyproj.Proj(crs).get_factors(longitude, latitude, errcheck=False).areal_scale
    return planar_area(geometries, crs) / np.asarray(scale, dtype=np.float64)
