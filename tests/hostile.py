"""Requirements nobody means: what each holds, and the sentence that refuses it."""

import json
from typing import Any

MUST = '{"format": 1, "must": {"parcel.area_m2": %s}}'
TOML = 'format = 1\n[must]\n"parcel.area_m2" = %s\n'
SHORTLIST = '{"format": "gis-sites/shortlist/1"'
DEEP = 50_000


def many(count: int) -> dict[str, Any]:
    return {f"a.{at}": {"min": 1} for at in range(count)}


def compact(table: dict[str, Any]) -> str:
    return json.dumps(table, separators=(",", ":"))


def either(groups: int, options: int) -> str:
    return json.dumps({"format": 1, "either": [{"any": [{"a.b": {"min": 1}}] * options}] * groups})


HOSTILE: dict[str, tuple[str, str]] = {
    "ten thousand musts": (compact({"format": 1, "must": many(10_000)}), "too_many"),
    "ten thousand wants": (compact({"format": 1, "want": many(10_000)}), "too_many"),
    "sixty-five musts": (json.dumps({"format": 1, "must": many(65)}), "too_many"),
    "ten thousand musts in TOML": (
        "format = 1\n[must]\n" + "\n".join(f"c{at}.x.min=1" for at in range(10_000)),
        "too_many",
    ),
    "ten thousand musts nested in one": (compact({"format": 1, "must": {"parcel": many(10_000)}}), "too_many"),
    "ten thousand alternatives": (either(1, 9_000), "wants_fewer"),
    "a thousand alternatives": (either(1, 1_000), "wants_fewer"),
    "a thousand musts with alternatives": (either(1_000, 3), "wants_fewer"),
    "hundred alternatives with hundred each": (either(64, 64), "too_many"),
    "sixty thousand codes": (MUST % compact({"any_of": [1] * 60_000}), "too_much"),
    "nine thousand knots": (
        json.dumps({"format": 1, "want": {"a.b": {"at": list(range(9_000)), "worth": [1] * 9_000}}}),
        "wants_fewer",
    ),
    "NaN": (MUST % '{"min": NaN}', "not_finite"),
    "nan in TOML": (TOML % "{ min = nan }", "not_finite"),
    "infinity": (MUST % '{"max": Infinity}', "not_finite"),
    "minus infinity in TOML": (TOML % "{ max = -inf }", "not_finite"),
    "a number beyond floats": (MUST % '{"max": 1e400}', "not_finite"),
    "a whole number beyond floats": (MUST % ('{"max": %s}' % ("9" * 400)), "not_finite"),
    "a number of 100,000 digits": (MUST % ('{"max": %s}' % ("9" * 100_000)), "bad_json"),
    "a number of 100,000 digits in TOML": (TOML % ("{ max = %s }" % ("9" * 100_000)), "bad_toml"),
    "a hexadecimal number of 100,000 digits": (TOML % ("{ max = 0x%s }" % ("f" * 100_000)), "not_finite"),
    "NaN as weight": ('{"format": 1, "want": {"parcel.compactness": {"weight": NaN}}}', "not_finite"),
    "a knot beyond floats": (TOML % "{ min = 1 }\n[want]\n'a.b' = { at = [0, 1e999], worth = [0, 1] }", "not_finite"),
    "an amount of many digits": (MUST % ('{"max": "%s ha"}' % ("9" * 5_000)), "not_a_bound"),
    "a footprint without end": (
        '{"format": 1, "must": {"footprint": {"length_m": 1e308, "width_m": 1}}}',
        "out_of_range",
    ),
    "a footprint that is NaN": ('{"format": 1, "must": {"footprint": {"length_m": NaN, "width_m": 1}}}', "not_finite"),
    "a million halls": (
        '{"format": 1, "must": {"footprint": {"length_m": 9, "width_m": 9, "count": 1000000}}}',
        "out_of_range",
    ),
    "deep tables": ('{"a":' * DEEP, "too_deep"),
    "deep lists": ('{"a":' + "[" * DEEP + "]" * DEEP + "}", "too_deep"),
    "deep lists in TOML": ("a = " + "[" * DEEP, "too_deep"),
    "deep tables in TOML": ("a = " + "{a=" * DEEP, "too_deep"),
    "a long dotted key": (".".join(["a"] * 120_000) + " = 1", "too_deep"),
    "long dotted headers": ("\n".join("[" + "a." * 16 + f"b{n}]" for n in range(5_000)), "too_deep"),
    "half of a surrogate pair": ('{"format": 1, "title": "\\ud800"}', "odd_text"),
    "half of a surrogate pair as key": ('{"format": 1, "must": {"\\udfff": {"min": 1}}}', "odd_text"),
    "half of a surrogate pair in TOML": ('format = 1\ntitle = "\\ud800"', "bad_toml"),
    "orders to the terminal": ('{"format": 1, "title": "\\u001b[2J\\u0007"}', "odd_text"),
    "orders to the terminal in TOML": ('format = 1\ntitle = "\\u001B]0;x\\u0007"', "odd_text"),
    "a raw control character in TOML": ('format = 1\ntitle = "\x07"', "bad_toml"),
    "letters turned round": ('{"format": 1, "note": "\\u202eabc"}', "odd_text"),
    "a null character": (MUST % '{"any_of": ["\\u0000"]}', "odd_text"),
    "the same key twice": ('{"format": 1, "must": {"a.b": {"min": 1}, "a.b": {"min": 2}}}', "twice"),
    "the same key twice in TOML": (TOML % "{ min = 1, min = 2 }", "bad_toml"),
    "the same key twice, nested and quoted": (
        '{"format": 1, "must": {"a.b": {"min": 1}, "a": {"b": {"min": 2}}}}',
        "twice",
    ),
    "a title of 100,000 letters": (json.dumps({"format": 1, "title": "x" * 100_000}), "long_text"),
    "a key of 100,000 letters": (json.dumps({"format": 1, "must": {"x" * 100_000: {"min": 1}}}), "long_text"),
    "ten thousand strangers": (json.dumps({"format": 1, **{f"k{at}": 1 for at in range(9_000)}}), "faults"),
    "quotes without end": ("format = 1\ntitle = '''" + "'" * 2 + "\n" * 200_000, "bad_toml"),
    "tables of tables": ("format = 1\n" + "[[either]]\n" * 15_000, "faults"),
    "nothing but escapes": ('format = 1\ntitle = "' + "\\n" * 100_000 + '"', "long_text"),
    "no object": ("[1, 2]", "bad_toml"),
    "two objects": ('{"format": 1}{"format": 1}', "bad_json"),
    "NaN with a unit": (MUST % '{"min": "nan ha"}', "not_a_bound"),
    "infinity with a unit": (MUST % '{"max": "-inf m2"}', "not_a_bound"),
    "an exponent beyond floats with a unit": (MUST % '{"max": "1e400 km2"}', "not_a_bound"),
    "an exponent of a hundred million digits": (MUST % '{"max": 1E99999999}', "not_finite"),
    "digits of another script": (MUST % '{"min": "\uff13 ha"}', "not_a_bound"),
    "a ratio in digits of another script": ('{"format": 1, "compare": {"a.b": {"c.d": "\u0663"}}}', "not_a_ratio"),
    "a ratio to nought": ('{"format": 1, "compare": {"a.b": {"c.d": "1/0"}}}', "not_a_ratio"),
    "yes for a number": (MUST % '{"min": true}', "not_a_bound"),
    "yes for the format": ('{"format": true}', "wants_format"),
    "a list for a bound": (MUST % '{"min": [1]}', "not_a_bound"),
    "a table for a bound": (TOML % "{ max = { max = { max = 1 } } }", "not_a_bound"),
    "a list in a list of codes": (MUST % '{"any_of": [["a"]]}', "wants_text"),
    "a day that never was": ('{"format": 1, "needed_from": "2028-02-30"}', "not_a_day"),
    "the year nought": (MUST % '{"min": "0000-01-01"}', "not_a_bound"),
    "the year 99999": ('{"format": 1, "needed_from": "99999-01-01"}', "not_a_day"),
    "the year 99999 in TOML": ("format = 1\nneeded_from = 99999-01-01", "bad_toml"),
    "an hour for a day": ("format = 1\nneeded_from = 2028-01-01T00:00:00", "not_a_day"),
    "weights that cannot be added up": (
        '{"format": 1, "want": {"a.b": {"is": true, "weight": 1.7e308}, "c.d": {"is": true, "weight": 1.7e308}}}',
        "faults",
    ),
    "a weight next to nothing": ('{"format": 1, "want": {"a.b": {"is": true, "weight": 5e-324}}}', "out_of_range"),
    "a scale too wide": ('{"format": 1, "want": {"a.b": {"at": [-1e308, 1e308], "worth": [0, 1]}}}', "not_finite"),
    "a billion parcels at once": (
        '{"format": 1, "scope": "assemblies", "assembly": {"max_parcels": 1e9}}',
        "out_of_range",
    ),
    "parcels apart without end": (
        '{"format": 1, "scope": "assemblies", "assembly": {"max_gap_m": "1e400 km"}}',
        "not_a_number",
    ),
    "the same table twice in TOML": (TOML % "{ min = 1 }" + "[must]", "bad_toml"),
    "a dotted key over a table in TOML": ("format = 1\nmust.a.b.min = 1\n[must.a]\nb = { min = 2 }", "bad_toml"),
    "the format twice": ('{"format": 1, "format": 2}', "twice"),
    "keys of another language": ('{"format": 1, "__proto__": {"min": 1}}', "unknown_key"),
    "five thousand asks": (compact({"format": 1, "ask": [{"text": "x", "of": "y"}] * 5_000}), "wants_fewer"),
}
LONG: dict[str, tuple[str, str]] = {
    "10 MB of TOML": ("format = 1\n" + "# nothing\n" * 1_000_000, "too_long"),
    "10 MB of JSON": ('{"format": 1, "note": "' + "x" * 10_000_000 + '"}', "too_long"),
    "a title of 10 MB in TOML": ('format = 1\ntitle = "' + "x" * 10_000_000 + '"', "too_long"),
    "10 MB of lists in JSON": ('{"format": 1, "a": [' + "[]," * 3_300_000 + "[]]}", "too_long"),
    "10 MB that say they are a shortlist": (f'{SHORTLIST}, "a": "' + "x" * 10_000_000 + '"}', "too_long"),
    "4 MB of lists that say they are a shortlist": (
        f'{SHORTLIST}, "a": [' + "[]," * 1_300_000 + "[]]}",
        "too_long",
    ),
    "3 MB of lists that say they are a shortlist": (
        f'{SHORTLIST}, "a": [' + "[]," * 950_000 + "[]]}",
        "wants_format",
    ),
}
"""Over HTTP these are too long, or no requirement."""
EVERY = {**HOSTILE, **LONG}
SOON = 2.0
"""Seconds of work each may take."""
