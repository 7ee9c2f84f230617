package app.fathi.users;

import io.vertx.core.Future;
import io.vertx.sqlclient.SqlClient;
import java.time.Instant;
import java.util.UUID;
import java.util.function.Supplier;

/** Links that work once, until a fixed hour. Only a hash of what is in them is kept. */
final class OneTimeLinks {
    static final String INVITATION = "invitation";

    private final Supplier<String> baseUrl;
    private final int invitationHours;
    private final OneTimeStore store = new OneTimeStore();

    /** @param baseUrl where browsers reach this server */
    OneTimeLinks(Supplier<String> baseUrl, int invitationHours) {
        this.baseUrl = baseUrl;
        this.invitationHours = invitationHours;
    }

    /** @param url for the person it is for, and nobody else */
    record Made(String url, Instant expiresAt) {}

    /** A way into the workspace for who was invited to it. */
    Future<Made> invitation(SqlClient tx, UUID account, int ws) {
        return make(tx, INVITATION, Tokens.INVITATION, account, ws, invitationHours);
    }

    private Future<Made> make(SqlClient tx, String kind, String prefix, UUID account, int ws, int hours) {
        var token = Tokens.token(prefix);
        return store.insert(tx, Tokens.hash(token), kind, account, ws, hours)
                .map(expiresAt -> new Made(url(baseUrl.get(), kind, token), expiresAt));
    }

    /** Behind the # it is never sent to a server, so no log of any has it. */
    static String url(String baseUrl, String kind, String token) {
        return baseUrl + "/account#" + kind + "=" + token;
    }
}
