package app.fathi.platform.http.docs;

import app.fathi.platform.http.Contract;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.regex.Pattern;

/** All pages, made of the contract, the catalogue of problems and the guides. */
final class Site {
    /** {@code POST /api/v1/webpush/messages}, with or without what all paths begin with. */
    private static final Pattern OPERATION = Pattern.compile("([A-Z]+) (?:/api/v1)?(/[^ ?]*)(?:\\?.*)?");

    private final Spec spec;
    private final Supplier<String> url;
    private final Frame frame;
    private final Guides guides;
    private final ErrorPages errors;
    private final OperationPage operations;

    Site(Contract contract, Supplier<String> url) {
        this.spec = new Spec(contract.document());
        this.url = url;
        var markdown = new Markdown(this::hrefOfCode);
        this.frame = new Frame(spec);
        this.guides = new Guides(spec, markdown);
        this.errors = new ErrorPages(spec, markdown);
        this.operations = new OperationPage(spec, markdown);
    }

    /** The page at a path; empty when there is none. */
    Optional<String> page(String path) {
        return switch (path) {
            case Paths.START -> Optional.of(frame.page("Documentation", path, guides.start(url.get())));
            case Paths.GUIDES -> Optional.of(frame.page("Guides", path, guides.all()));
            case Paths.ERRORS -> Optional.of(frame.page("Errors", path, errors.all()));
            default -> named(path);
        };
    }

    private Optional<String> named(String path) {
        var name = path.substring(path.lastIndexOf('/') + 1);
        return switch (path.substring(0, path.lastIndexOf('/'))) {
            case Paths.GUIDES ->
                Optional.of(name)
                        .filter(Guides.NAMES::contains)
                        .map(guide -> frame.page(Markdown.title(Guides.text(guide)), path, guides.of(guide)));
            case Paths.ERRORS -> ErrorPages.kind(name).map(kind -> frame.page(kind.code(), path, errors.of(kind)));
            case Paths.OPERATIONS ->
                spec.operation(name).map(operation -> frame.page(operation.summary(), path, operations.of(operation)));
            default -> Optional.empty();
        };
    }

    /** Where a piece of code leads: to the operation or the problem that it names. */
    private Optional<String> hrefOfCode(String code) {
        var request = OPERATION.matcher(code);
        if (request.matches()) {
            var path = request.group(2);
            return spec.operations().stream()
                    .filter(operation -> operation.method().equals(request.group(1)))
                    .filter(operation ->
                            operation.path().equals(path) || operation.path().equals("/api/v1" + path))
                    .findFirst()
                    .map(operation -> Paths.operation(operation.id()));
        }
        // Codes of one word say other things too.
        return ErrorPages.kind(code).filter(kind -> code.contains("_")).map(kind -> Paths.error(kind.code()));
    }
}
