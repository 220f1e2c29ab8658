"""GESUT, the register of utility networks, in its schemas of 2015 and 2021: mains and devices, never whose they are."""

import re
from collections.abc import Mapping

from gis_sites.intake.gml.family import Family, Rule, leaves, text

SIGN = re.compile(r".*ewidencjaSieciUzbrojenia.*|\S* GES_.*", re.IGNORECASE)
"""The namespace or the name (parted by a blank) of its features."""
COMMON: Mapping[str, Rule] = {
    "idIIP": leaves("lokalnyId"),
    "koniecWersjaObiekt": text("koniecWersjaObiekt"),
    "koniecObiekt": text("koniecObiekt"),
    "cyklZyciaObiektu": Rule(
        ("koniecWersjaObiekt",), lambda nodes, facts: leaves("koniecWersjiObiektu").read(nodes, facts)
    ),
    "status": text("status"),
    "istnienie": text("status"),
    "eksploatacja": text("eksploatacja"),
}
LINE: Mapping[str, Rule] = {
    **COMMON,
    "funkcja": text("funkcja"),
    "przebieg": text("przebieg"),
    "typPrzewodu": text("typPrzewodu"),
    "srednica": text("srednica"),
}
DEVICE: Mapping[str, Rule] = {
    **COMMON,
    "rodzajUrzadzenia": text("rodzajUrzadzenia"),
    "rodzajUrzadz": text("rodzajUrzadzenia"),
    "rodzajSieci": text("rodzajSieci"),
}
OLD = {
    "GES_PrzewodWodociagowy": "typWodoc",
    "GES_PrzewodKanalizacyjny": "typKanal",
    "GES_PrzewodElektroenergetyczny": "typElektr",
    "GES_PrzewodGazowy": "typGaz",
    "GES_PrzewodCieplowniczy": "typCiep",
    "GES_PrzewodTelekomunikacyjny": "rodzajPrzewodu",
}
"""What the schema of 2015 calls a main's `typPrzewodu`."""


class Gesut(Family):
    """Every main and every device is read by the same list, whatever a schema calls its kind."""

    def rules(self, name: str) -> Mapping[str, Rule] | None:
        """Return the rules of a kind of feature, None where nothing of it enters."""
        if name.startswith("GES_Przewod"):
            return {**LINE, OLD[name]: text("typPrzewodu")} if name in OLD else LINE
        return DEVICE if name.startswith(("GES_Urzadz", "GES_InneUrzadz")) else None


FAMILY = Gesut({}, geometry=frozenset({"geometria"}))
