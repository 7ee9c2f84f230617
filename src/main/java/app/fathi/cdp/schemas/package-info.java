/**
 * What events look like. {@link app.fathi.cdp.schemas.SchemaObserver} notices the properties of all that is derived, with their
 * types and the form of their values; {@link app.fathi.cdp.schemas.Pins} knows what somebody has pinned, and says of an event at
 * the door what does not fit. Owns {@code cdp_schema, cdp_schema_property}. Permissions: {@code schemas:read|manage}.
 */
package app.fathi.cdp.schemas;
