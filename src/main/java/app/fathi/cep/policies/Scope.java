package app.fathi.cep.policies;

import app.fathi.cep.message.ChannelKind;
import app.fathi.cep.policies.Ring.Sent;

/** Which messages a cap is about. */
sealed interface Scope {
    boolean counts(Sent sent);

    /** Whether a message of this channel and tag is one of them. */
    default boolean concerns(ChannelKind channel, int tag) {
        return counts(new Sent(0, 0, channel.code(), tag));
    }

    record All() implements Scope {
        @Override
        public boolean counts(Sent sent) {
            return true;
        }
    }

    record OnChannel(ChannelKind channel) implements Scope {
        @Override
        public boolean counts(Sent sent) {
            return sent.channel() == channel.code();
        }
    }

    record Tagged(String tag) implements Scope {
        @Override
        public boolean counts(Sent sent) {
            return sent.tag() == Ring.tag(tag);
        }
    }
}
