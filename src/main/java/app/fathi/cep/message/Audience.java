package app.fathi.cep.message;

import app.fathi.segments.Audiences;
import io.vertx.core.json.JsonObject;
import java.util.List;
import java.util.UUID;

/** Whom a message is for. */
public sealed interface Audience {
    /** How many are named; the largest int where nobody is. */
    default int size() {
        return Integer.MAX_VALUE;
    }

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

    /** Members of staff, by their accounts, at the addresses that they have linked as their own. */
    record Staff(List<UUID> accounts) implements Audience {
        @Override
        public int size() {
            return accounts.size();
        }
    }

    /** People whom nobody names: they are found when the message is sent, see {@link app.fathi.cep.audiences.Expansions}. */
    sealed interface Described extends Audience {
        /** Whom it means, as a rule of the contract. */
        JsonObject rule();

        /** Where the request says so. */
        String pointer();

        /** The segment that was asked for; null for none. */
        UUID segment();
    }

    /** Whoever is in this segment then. */
    record Segment(UUID segment) implements Described {
        @Override
        public JsonObject rule() {
            return Audiences.rule(segment);
        }

        @Override
        public String pointer() {
            return "/audience/segment";
        }
    }

    /** Whomever this rule means then. */
    record Meant(JsonObject rule) implements Described {
        @Override
        public String pointer() {
            return "/audience/rule";
        }

        @Override
        public UUID segment() {
            return null;
        }
    }

    /** People whom nobody names and whom somebody has counted: all that a dry run wants. */
    record Counted(int people, int reachable) implements Audience {}
}
