/** What messages bring about: who got them against who was left out by chance. Owns no tables; reads the ledger and the events. */
package app.fathi.cep.performance;
