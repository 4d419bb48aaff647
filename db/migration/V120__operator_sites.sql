-- What an operator sees: nothing here means every site.
ALTER TABLE operator ADD COLUMN sites text NOT NULL DEFAULT '';
COMMENT ON COLUMN operator.roles IS 'role words such as fleet-operator, sorted, joined by commas';
COMMENT ON COLUMN operator.sites IS 'names of sites, which hold no comma, sorted, joined by commas; empty: all sites';

-- A page of one site's devices is as cheap as a page of all.
CREATE INDEX device_site ON device (site, id);
