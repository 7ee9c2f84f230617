/**
 * The edge: the router built from the contract, and what every request passes before a domain sees it: credential, rate,
 * shape, validation, authority, admission. Whatever fails leaves as problem+json.
 */
package app.fathi.platform.http;
