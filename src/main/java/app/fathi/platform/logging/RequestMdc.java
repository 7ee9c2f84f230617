package app.fathi.platform.logging;

import ch.qos.logback.classic.util.LogbackMDCAdapter;
import java.util.HashMap;
import java.util.Map;

/**
 * Gives each line the fields of its request. Logback asks in the thread that logs, before the line is queued for
 * writing, so the answer is that request's even when the line is written later.
 */
final class RequestMdc extends LogbackMDCAdapter {
    @Override
    public Map<String, String> getPropertyMap() {
        return fields(super.getPropertyMap());
    }

    @Override
    public Map<String, String> getCopyOfContextMap() {
        return fields(super.getCopyOfContextMap());
    }

    private static Map<String, String> fields(Map<String, String> others) {
        var request = LogContext.current();
        if (request == null) {
            return others;
        }
        var fields = others == null ? new HashMap<String, String>() : new HashMap<>(others);
        fields.put("requestId", request.requestId());
        fields.put("operation", request.operation());
        if (request.ws() != 0) {
            fields.put("ws", Integer.toString(request.ws()));
        }
        fields.values().removeIf(value -> value == null);
        return fields;
    }
}
