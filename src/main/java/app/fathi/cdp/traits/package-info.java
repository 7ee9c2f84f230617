/**
 * Traits that nobody says: computed of what people did ({@link app.fathi.cdp.traits.Computation}, pure), from parts to which each
 * event is added ({@link app.fathi.cdp.traits.Part}). {@link app.fathi.cdp.traits.ComputedTraits} does it for people of a batch in the transaction that takes it, {@link
 * app.fathi.cdp.traits.ComputeJob} for everybody when it is defined otherwise, {@link app.fathi.cdp.traits.ComputedTimers} when time has
 * passed; the deriver puts it in force ({@link app.fathi.cdp.traits.Recompute}). What it asks of the rule language is {@link
 * app.fathi.cdp.traits.Rules}. Permissions: {@code segments:read|manage}, for what it computes is what rules ask.
 *
 * <p>Also which word of a trait stands, the latest or the first ({@code TraitRulesService}; the deriver and {@code Words} obey it).
 * Permissions: {@code schemas:read|manage}. Owns {@code cdp_computed_trait, cdp_computed_part, cdp_computed_value, cdp_trait_workspace, cdp_trait_rules}.
 */
package app.fathi.cdp.traits;
