import app.fathi.client.ApiClient;
import app.fathi.client.ApiException;
import app.fathi.client.api.UsersApi;
import app.fathi.client.api.WebpushApi;
import app.fathi.client.model.ApiKeyDraft;
import app.fathi.client.model.Audience;
import app.fathi.client.model.DeliveryState;
import app.fathi.client.model.LoginRequest;
import app.fathi.client.model.Message;
import app.fathi.client.model.MessageDraft;
import app.fathi.client.model.MessageState;
import app.fathi.client.model.Problem;
import app.fathi.client.model.PushContent;
import app.fathi.client.model.SubscriptionDraft;
import app.fathi.client.model.SubscriptionKeys;
import java.net.URI;
import java.util.List;
import java.util.UUID;

/** One real round with the generated client: arguments are the server's URL, e-mail, password, endpoint, p256dh and auth. */
public final class Round {
    private static final int POLLS = 600;
    private static final int POLL_MILLIS = 100;

    public static void main(String[] arguments) throws Exception {
        var url = arguments[0];
        var tokens = new UsersApi(client(url, null))
                .login(new LoginRequest().email(arguments[1]).password(arguments[2]));
        var key = new UsersApi(client(url, tokens.getAccessToken()))
                .createApiKey(
                        new ApiKeyDraft()
                                .name("generated Java client")
                                .permissions(new java.util.LinkedHashSet<>(
                                        List.of("subscriptions:subscribe", "messages:send", "messages:read"))),
                        "java-client");
        var webpush = new WebpushApi(client(url, key.getSecret()));
        var subscription = webpush.createSubscription(
                new SubscriptionDraft()
                        .endpoint(URI.create(arguments[3]))
                        .keys(new SubscriptionKeys().p256dh(arguments[4]).auth(arguments[5]))
                        .keyId(webpush.getPushKey().getId()),
                null);
        var taken = webpush.createMessage(
                new MessageDraft()
                        .audience(new Audience().subscriptionIds(List.of(subscription.getId())))
                        .purpose("marketing")
                        .content(new PushContent().title("Hello from Java")),
                "java-message");
        check(taken.getPlanned() == 1, "one person is planned");
        var message = completed(webpush, taken.getId().toString());
        check(message.getCounts().getAccepted() == 1, "the push service took it");
        var deliveries = webpush.listDeliveries(message.getId().toString(), 10, null, DeliveryState.ACCEPTED, null);
        check(deliveries.getItems().size() == 1, "one delivery is listed");
        var delivery = deliveries.getItems().getFirst();
        check(subscription.getId().equals(delivery.getSubscriptionId()), "it is the one to this browser");
        check(delivery.getAcceptedAt() != null && delivery.getClickedAt() == null, "times and nulls are read");
        check(deliveries.getNextCursor() == null, "it is the last page");
        problem(webpush);
    }

    private static Message completed(WebpushApi webpush, String id) throws Exception {
        for (int i = 0; i < POLLS; i++) {
            var message = webpush.getMessage(id);
            if (message.getState() == MessageState.COMPLETED) {
                return message;
            }
            Thread.sleep(POLL_MILLIS);
        }
        throw new AssertionError("the message does not complete");
    }

    private static void problem(WebpushApi webpush) throws Exception {
        try {
            webpush.getMessage(UUID.randomUUID().toString());
            throw new AssertionError("there is such a message");
        } catch (ApiException e) {
            check(e.getCode() == 404, "unknown ids answer 404");
            var problem = ApiClient.createDefaultObjectMapper().readValue(e.getResponseBody(), Problem.class);
            check(problem.getCode().equals("not_found"), "the problem has its code");
            check(!problem.getRequestId().isEmpty(), "the problem has its requestId");
        }
    }

    private static ApiClient client(String url, String bearer) {
        var client = new ApiClient();
        client.updateBaseUri(url);
        if (bearer != null) {
            client.setRequestInterceptor(request -> request.header("Authorization", "Bearer " + bearer));
        }
        return client;
    }

    private static void check(boolean holds, String what) {
        if (!holds) {
            throw new AssertionError("not so: " + what);
        }
        System.out.println(what);
    }
}
