package app.fathi.cep.message;

/**
 * Names one delivery inside the system: the ledger's primary key.
 *
 * @param step 0 for a message that is not part of a series
 * @param rank 0 for a person's first device, 0–255
 */
public record DeliveryKey(int ws, long run, int step, int profileNo, int rank) {}
