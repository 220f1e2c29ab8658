"""PostGIS: connections, revision and profile tables, states, the columnar snapshot. The only room that knows SQL."""
