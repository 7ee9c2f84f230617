package app.fathi.chaos;

import app.fathi.crash.CrashWorld.Crowd;

/** How large the messages here are: {@code -Dfathi.chaos.devices=…} makes them smaller while a test is written. */
final class Scale {
    private static final int DEVICES = Integer.getInteger("fathi.chaos.devices", 20_000);

    /** Two devices each, because one message can go to 10,000 people. */
    static final Crowd CROWD = new Crowd(DEVICES, DEVICES / 2);

    private Scale() {}
}
