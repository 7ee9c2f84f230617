package app.fathi.platform.security;

import java.util.Optional;

/**
 * What a database keeps of its master key: enough to know the right one, nothing to find it.
 *
 * @param known a text that the right key opens
 * @param root what the keys of single uses are derived from, sealed; null where that is the master key itself
 * @param nextKnown the same text under the key that is to follow; null when the key is not being changed
 * @param nextBefore the present key, sealed with the one that is to follow
 */
public record SealedMaster(byte[] known, byte[] root, byte[] nextKnown, byte[] nextBefore) {
    static final String KNOWN_PLACE = "secret_master.known";
    static final String ROOT_PLACE = "secret_master.root";
    static final String BEFORE_PLACE = "secret_master.next_before";

    /** Some time of a change, the present key and the next one both open it: see {@link MasterRotation}. */
    public boolean isChanging() {
        return nextKnown != null;
    }

    /** Whether a server starts with this key, as it is written. */
    public boolean opens(String text) {
        return open(MasterKey.decode(text, "the key")).isPresent();
    }

    /** What {@link Secrets#derivedKey} gives a server that starts with this key, which has to be a right one. */
    public byte[] derivedKey(String text, String label) {
        return open(MasterKey.decode(text, "the key")).orElseThrow().root().derive(MasterKey.DERIVED + label);
    }

    /**
     * @param own the key that was given
     * @param inForce the one that data keys are wrapped with: the same, or while the key is being changed the one before it
     * @param root where the keys of single uses come from
     */
    record Opened(MasterKey own, MasterKey inForce, MasterKey root) {}

    /** Empty for a wrong key. */
    Optional<Opened> open(MasterKey own) {
        if (own.opensKnown(known)) {
            return Optional.of(opened(own, own));
        }
        return isNext(own)
                ? Optional.of(opened(own, MasterKey.of(own.open(BEFORE_PLACE, nextBefore))))
                : Optional.empty();
    }

    boolean isNext(MasterKey key) {
        return isChanging() && key.opensKnown(nextKnown);
    }

    private Opened opened(MasterKey own, MasterKey inForce) {
        return new Opened(own, inForce, root == null ? inForce : MasterKey.of(inForce.open(ROOT_PLACE, root)));
    }
}
