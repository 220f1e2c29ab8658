-- What a database administrator makes once, as a superuser, before gis-sites first runs:
--   psql -v password=... -v reader_password=... -f roles.sql
-- gis_sites owns the inventory; gis_sites_reader reads the views of the current state, for QGIS, and nothing else.
\set ON_ERROR_STOP on

CREATE ROLE gis_sites LOGIN PASSWORD :'password';
CREATE ROLE gis_sites_reader LOGIN PASSWORD :'reader_password';
CREATE DATABASE gis_sites OWNER gis_sites ENCODING 'UTF8' TEMPLATE template0;
REVOKE CONNECT, TEMPORARY ON DATABASE gis_sites FROM PUBLIC;
GRANT CONNECT ON DATABASE gis_sites TO gis_sites_reader;

\connect gis_sites
CREATE EXTENSION postgis;
CREATE SCHEMA inventory AUTHORIZATION gis_sites;
CREATE SCHEMA published AUTHORIZATION gis_sites;
GRANT USAGE ON SCHEMA inventory, published TO gis_sites_reader;
ALTER DEFAULT PRIVILEGES FOR ROLE gis_sites IN SCHEMA inventory, published GRANT SELECT ON TABLES TO gis_sites_reader;
