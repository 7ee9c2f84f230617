/**
 * Whether a delivery goes: {@link app.fathi.cep.decisions.Stage} is the one order in which everything is asked of a {@link
 * app.fathi.cep.decisions.Situation}, and why somebody got a message or did not is told from what the ledger keeps of it. Owns no tables.
 */
package app.fathi.cep.decisions;
