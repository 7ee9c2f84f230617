package app.fathi.users;

import app.fathi.platform.config.Config;
import io.vertx.core.Future;
import io.vertx.sqlclient.SqlClient;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/** Links that work once, until a fixed hour. Only a hash of what is in them is kept. */
final class OneTimeLinks {
    static final String INVITATION = "invitation";
    static final String RESET = "reset";

    private final Supplier<String> baseUrl;
    private final Config.Security settings;
    private final OneTimeStore store = new OneTimeStore();

    /** @param baseUrl where browsers reach this server */
    OneTimeLinks(Supplier<String> baseUrl, Config.Security settings) {
        this.baseUrl = baseUrl;
        this.settings = settings;
    }

    /** @param url for the person it is for, and nobody else; null where it goes by mail */
    record Made(String url, Instant expiresAt) {}

    /** When one that is made at this moment ends. */
    Instant invitationEnds(Instant now) {
        return now.plus(settings.invitationHours(), ChronoUnit.HOURS);
    }

    /** A way into the workspace for who was invited to it. */
    Future<Made> invitation(SqlClient tx, UUID account, int ws) {
        return make(tx, INVITATION, Tokens.INVITATION, account, ws, (int)
                TimeUnit.HOURS.toMinutes(settings.invitationHours()));
    }

    /** A way to another password, for who owns the account. */
    Future<Made> reset(SqlClient tx, UUID account) {
        return make(tx, RESET, Tokens.RESET, account, 0, settings.resetMinutes());
    }

    private Future<Made> make(SqlClient tx, String kind, String prefix, UUID account, int ws, int minutes) {
        var token = Tokens.token(prefix);
        return store.insert(tx, Tokens.hash(token), kind, account, ws, minutes)
                .map(expiresAt -> new Made(url(baseUrl.get(), kind, token), expiresAt));
    }

    /** Behind the # it is never sent to a server, so no log of any has it. */
    static String url(String baseUrl, String kind, String token) {
        return baseUrl + "/account#" + kind + "=" + token;
    }
}
