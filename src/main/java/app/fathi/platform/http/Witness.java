package app.fathi.platform.http;

import app.fathi.platform.bus.Call;
import app.fathi.platform.errors.Problem;

/** Hears what the edge knows and the audit trail is to know. Implemented by {@code platform.audit}. */
public interface Witness {
    /** An attempt that the edge or a domain refused for lack of authority. */
    void denied(Call call, Problem problem);

    /** Personal data that somebody was shown: a GET that the contract gives an {@code x-audit}. */
    void read(Call call);
}
