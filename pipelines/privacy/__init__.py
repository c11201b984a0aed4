"""Privacy: what may leave the house, and proof that just this and nothing else is in a file.

`policy` says what is allowed, `catalogue` what the dbt models declare, `patterns`, `validators`,
`text`, `detectors` and `chance` find personal data in values, `metadata` in everything around the
values, `disclosure` counts people, `declared`, `artefact` and `pseudonyms` compare a file with what
it claims to be, `canary` proves that the detectors work before they are trusted, `database` lists
the checks of an `opened` file, `audit` and `page` run it all over one file and `report` holds the
verdict. The room knows files and the catalogue; it knows nothing of releases.
"""
