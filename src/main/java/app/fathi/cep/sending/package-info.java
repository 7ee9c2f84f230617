/**
 * Sends one chunk under one lease: takes its people in turn, decides, commits the intent, posts, commits the results. Here are the threads and
 * windows, and all that is lost when a process dies. Owns no tables.
 */
package app.fathi.cep.sending;
