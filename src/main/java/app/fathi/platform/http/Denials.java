package app.fathi.platform.http;

import app.fathi.platform.bus.Call;
import app.fathi.platform.errors.Problem;

/** Hears of every attempt that the edge or a domain refused for lack of authority. Implemented by {@code platform.audit}. */
public interface Denials {
    void denied(Call call, Problem problem);
}
