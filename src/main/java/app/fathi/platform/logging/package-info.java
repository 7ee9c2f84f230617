/**
 * Lines as text or JSON, to stdout and to rotating files, each with the request, workspace and operation it belongs to.
 * Secrets, endpoints and personal values are never logged.
 */
package app.fathi.platform.logging;
