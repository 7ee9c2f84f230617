/**
 * The customer-engagement brain: whether, where and when each message goes.
 *
 * <p>Tables: {@code cep_run} (each thing sent), {@code cep_chunk} (its frozen audience, one job each), {@code
 * cep_expansion} (how far the people of a segment or a rule are found), {@code cep_message} (the ledger: claim, decision and delivery in one row), {@code cep_run_delta} (counts as increments),
 * {@code cep_reason} (what the ledger's numbers mean), {@code cep_week} (the ledger's partitions), {@code
 * cep_throttle} (how fast a run may go), {@code cep_kill_switch} (what must not be sent), {@code cep_hold} (what is older than
 * a restore and waits), {@code cep_quota_use} (how much of its quota a workspace has used), {@code cep_policies} (when messages go, each
 * version), those of {@link app.fathi.cep.advisor}, {@code cep_profile_policy} (what each person got lately), {@code cep_dedupe} (who got one of the messages that are the same thing),
 * {@code cep_series} (campaigns of which many messages go out one after another) with {@code cep_series_delta} (their counts together),
 * {@code cep_united} (whose addresses became whose lately).
 *
 * <p>Tells on {@code facts}: {@code message.accepted}, {@code message.failed}, {@code message.skipped}, {@code
 * message.shown}, {@code message.clicked}, {@code message.closed}. Hears: {@code interaction} events, as a {@code
 * ProfileStage}. Ports: {@link app.fathi.cep.Channel}, implemented by {@code webpush}.
 */
package app.fathi.cep;
