/**
 * The customer-engagement brain: whether, where and when each message goes. Here is its door: what other domains call, and what answers the
 * operations of the contract.
 *
 * <p>Its parts know each other in one direction, each only those before it: {@link app.fathi.cep.message} (the words), {@link
 * app.fathi.cep.advisor} (the workspace's own service), {@link app.fathi.cep.runs} (what is sent, as rows), {@link app.fathi.cep.stops} (what keeps
 * everything from leaving), {@link app.fathi.cep.policies} (when messages go), {@link app.fathi.cep.besttime} (when people react), {@link
 * app.fathi.cep.audiences} (who gets it when), {@link app.fathi.cep.priorities} (what goes first), {@link app.fathi.cep.ledger} (what became of
 * it), {@link app.fathi.cep.decisions} (whether it goes, and why), {@link app.fathi.cep.sending} (the sender) and {@link
 * app.fathi.cep.performance} (what it brings about). Other domains know the door and the words alone.
 *
 * <p>Tells on {@code facts}: {@code message.accepted}, {@code message.failed}, {@code message.skipped}, {@code
 * message.shown}, {@code message.clicked}, {@code message.closed}. Hears: {@code interaction} events, as a {@code
 * ProfileStage}. Ports: {@link app.fathi.cep.message.Channel}, implemented by {@code webpush}.
 */
package app.fathi.cep;
