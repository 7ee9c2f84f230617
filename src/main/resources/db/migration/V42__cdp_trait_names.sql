-- Names that nobody has any more are free again, and their numbers are not used again. A name that comes when others had taken all places
-- may be in people's traits already: until all of these have rows it is asked for as one without a place.
ALTER TABLE cdp_trait_name ADD COLUMN whole boolean NOT NULL DEFAULT true; -- everybody who has it has a row
