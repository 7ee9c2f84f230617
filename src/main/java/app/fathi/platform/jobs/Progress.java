package app.fathi.platform.jobs;

/**
 * How far a job has come, in whatever it counts.
 *
 * @param total null while nobody knows
 * @param note a few words for people, without personal data; null for none
 */
record Progress(long done, Long total, String note) {
    private static final int MAX_NOTE_LENGTH = 200;

    Progress {
        note = note == null || note.length() <= MAX_NOTE_LENGTH ? note : note.substring(0, MAX_NOTE_LENGTH);
    }
}
