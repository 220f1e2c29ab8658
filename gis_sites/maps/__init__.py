"""A shortlist for people and programs outside: the offline hand-out with its map, and files in four formats.

`hand_out` gives the HTML, `export` writes the files; `layers_concerned` names the layers worth drawing behind.
"""

from gis_sites.maps.export import export
from gis_sites.maps.files import write_text
from gis_sites.maps.handout import hand_out
from gis_sites.maps.overlays import Overlay, layers_concerned

__all__ = ["Overlay", "export", "hand_out", "layers_concerned", "write_text"]
