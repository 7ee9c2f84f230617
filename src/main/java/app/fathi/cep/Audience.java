package app.fathi.cep;

import java.util.List;
import java.util.UUID;

/** Whom a message is for. */
public sealed interface Audience {
    /** How many are named. */
    int size();

    /** These subscriptions only. */
    record Subscriptions(List<UUID> ids) implements Audience {
        @Override
        public int size() {
            return ids.size();
        }
    }

    /** These people, by our ids. */
    record Profiles(List<UUID> ids) implements Audience {
        @Override
        public int size() {
            return ids.size();
        }
    }

    /** These people, by the ids that the customer's system knows them by. */
    record Users(List<String> userIds) implements Audience {
        @Override
        public int size() {
            return userIds.size();
        }
    }
}
