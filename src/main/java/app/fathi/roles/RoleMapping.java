package app.fathi.roles;

/**
 * A role that an identity provider gives.
 *
 * @param claim what of a token is looked at; null: everybody gets the role whom the provider lets in
 * @param value what has to stand there, or be one of what stands there; null where there is no claim
 */
public record RoleMapping(String claim, String value, String role) {}
