/**
 * The cryptography of Web Push: message encryption (RFC 8188, RFC 8291) and the sender's identity (RFC 8292).
 * {@link app.fathi.webpush.encryption.CryptoProviders} picks the fastest provider that works here;
 * {@link app.fathi.webpush.encryption.PushEncryption} and {@link app.fathi.webpush.encryption.Vapid} use it;
 * {@link app.fathi.webpush.encryption.PushDecryption} is the browser's side, for browsers that are ours.
 */
package app.fathi.webpush.encryption;
