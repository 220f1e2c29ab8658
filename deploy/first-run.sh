#!/bin/sh
# Run once by the database's container, when its data are made: the roles and the database of gis-sites.
set -eu
psql -U postgres -v password="$(cat /run/secrets/gis_sites)" -v reader_password="$(cat /run/secrets/reader)" \
    -f /gis-sites/roles.sql
