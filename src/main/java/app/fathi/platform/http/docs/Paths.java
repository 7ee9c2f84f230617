package app.fathi.platform.http.docs;

/** Where the pages are. */
final class Paths {
    static final String START = "/docs";
    static final String GUIDES = START + "/guides";
    static final String ERRORS = START + "/errors";
    static final String OPERATIONS = START + "/operations";

    /** The first steps are on the start page. */
    static final String FIRST_GUIDE = "first-steps";

    private Paths() {}

    static String guide(String name) {
        return name.equals(FIRST_GUIDE) ? START : GUIDES + "/" + name;
    }

    static String error(String code) {
        return ERRORS + "/" + code;
    }

    static String operation(String id) {
        return OPERATIONS + "/" + id;
    }
}
