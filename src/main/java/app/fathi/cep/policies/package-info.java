/**
 * When messages go, as a workspace lays it down: caps, gaps, quiet hours, blackouts, holdouts. {@link app.fathi.cep.policies.PolicyRules} (pure)
 * says what stands against a message to a person.
 *
 * <p>Tables: {@code cep_policies} (each version), {@code cep_profile_policy} (what each person got lately).
 */
package app.fathi.cep.policies;
