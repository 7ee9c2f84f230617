-- The id under which a browser subscribed, so that it goes where the id goes; null: from before, or not known.
ALTER TABLE webpush_subscription ADD COLUMN identity_no bigint;
