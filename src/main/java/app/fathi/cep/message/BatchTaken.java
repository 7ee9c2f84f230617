package app.fathi.cep.message;

import app.fathi.platform.errors.Problem.Fault;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.util.List;
import java.util.UUID;

/** The answer to a batch: one result for each item, in their order. */
public record BatchTaken(List<Result> results) {

    /** What became of an item when it was taken. */
    public enum Status {
        QUEUED("queued"),
        /** It would be sent, but this was a dry run. */
        DRY_RUN("dry-run"),
        /** Its id names nobody here. */
        UNKNOWN("unknown"),
        /** Its content cannot be sent. */
        INVALID("invalid");

        private final String word;

        Status(String word) {
            this.word = word;
        }
    }

    /**
     * @param messageId the message it is a part of; null when it is not queued
     * @param faults of an invalid one
     */
    public record Result(Status status, UUID messageId, List<Fault> faults) {
        public static Result of(Status status) {
            return new Result(status, null, List.of());
        }

        public static Result queued(UUID messageId) {
            return new Result(Status.QUEUED, messageId, List.of());
        }

        public static Result invalid(List<Fault> faults) {
            return new Result(Status.INVALID, null, faults);
        }

        JsonObject toJson() {
            var json = new JsonObject()
                    .put("status", status.word)
                    .put("messageId", messageId == null ? null : messageId.toString());
            if (!faults.isEmpty()) {
                var errors = new JsonArray();
                faults.forEach(fault -> errors.add(
                        new JsonObject().put("pointer", fault.pointer()).put("detail", fault.detail())));
                json.put("errors", errors);
            }
            return json;
        }
    }

    /** The messages that the batch became. */
    public List<UUID> messages() {
        return results.stream()
                .map(Result::messageId)
                .filter(id -> id != null)
                .distinct()
                .toList();
    }

    public int count(Status status) {
        return (int) results.stream().filter(result -> result.status == status).count();
    }

    /** The contract's {@code BatchTaken}. */
    public JsonObject toJson() {
        return new JsonObject()
                .put("queued", count(Status.QUEUED))
                .put("items", new JsonArray(results.stream().map(Result::toJson).toList()));
    }
}
