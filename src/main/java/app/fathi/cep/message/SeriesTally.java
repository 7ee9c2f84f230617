package app.fathi.cep.message;

/**
 * What came of all messages of a series, also of those that are not kept any more.
 *
 * @param messages how many there were
 */
public record SeriesTally(long messages, Tally tally) {}
