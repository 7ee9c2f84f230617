package app.fathi.platform.http.docs;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import org.commonmark.Extension;
import org.commonmark.ext.gfm.tables.TablesExtension;
import org.commonmark.node.AbstractVisitor;
import org.commonmark.node.Code;
import org.commonmark.node.FencedCodeBlock;
import org.commonmark.node.Heading;
import org.commonmark.node.Link;
import org.commonmark.node.Node;
import org.commonmark.node.Paragraph;
import org.commonmark.node.SoftLineBreak;
import org.commonmark.node.Text;
import org.commonmark.parser.Parser;
import org.commonmark.renderer.NodeRenderer;
import org.commonmark.renderer.html.AttributeProvider;
import org.commonmark.renderer.html.HtmlNodeRendererContext;
import org.commonmark.renderer.html.HtmlRenderer;

/**
 * Markdown (CommonMark with tables) as markup. HTML in it stays text. Code that names an operation or a problem leads to its
 * page, and code in several languages in a row becomes tabs.
 */
final class Markdown {
    private static final List<Extension> EXTENSIONS = List.of(TablesExtension.create());
    private static final Parser PARSER = Parser.builder().extensions(EXTENSIONS).build();
    private static final String GUIDE = ".md";
    /** Languages whose blocks, side by side, say the same. */
    private static final List<String> TABBED = List.of("sh", "java", "ts");

    private final HtmlRenderer renderer;

    /** @param hrefOfCode where a piece of code leads, if anywhere */
    Markdown(Function<String, Optional<String>> hrefOfCode) {
        renderer = HtmlRenderer.builder()
                .extensions(EXTENSIONS)
                .escapeHtml(true)
                .sanitizeUrls(true)
                .attributeProviderFactory(context -> attributes())
                .nodeRendererFactory(context -> new CodeRenderer(context, hrefOfCode))
                .build();
    }

    /** A text of several blocks. */
    Html text(String markdown) {
        var document = PARSER.parse(markdown);
        var html = Html.NONE;
        for (var block = document.getFirstChild(); block != null; block = block.getNext()) {
            if (block instanceof FencedCodeBlock) {
                var row = row(block);
                html = html.and(code(row));
                block = row.getLast();
            } else {
                html = html.and(new Html(renderer.render(block)));
            }
        }
        return html;
    }

    /** The code blocks that say the same as this one in other languages, itself first. */
    private static List<FencedCodeBlock> row(Node first) {
        var row = new ArrayList<FencedCodeBlock>();
        for (var next = first;
                next instanceof FencedCodeBlock block
                        && (row.isEmpty()
                                || TABBED.indexOf(block.getInfo())
                                                > TABBED.indexOf(row.getLast().getInfo())
                                        && TABBED.contains(row.getLast().getInfo()));
                next = next.getNext()) {
            row.add(block);
        }
        return row;
    }

    private static Html code(List<FencedCodeBlock> row) {
        return row.size() == 1
                ? CodeBlock.of(row.getFirst().getInfo(), row.getFirst().getLiteral())
                : CodeBlock.tabs(row.stream()
                        .map(block -> new CodeBlock.Tab(block.getInfo(), block.getLiteral()))
                        .toList());
    }

    /** A text of one paragraph, or of several with breaks between them, to stand inside a line. */
    Html inline(String markdown) {
        var document = PARSER.parse(markdown);
        var html = Html.NONE;
        for (var block = document.getFirstChild(); block != null; block = block.getNext()) {
            var text = renderer.render(block);
            if (block instanceof Paragraph) {
                text = text.strip().substring("<p>".length(), text.strip().length() - "</p>".length());
            }
            html = html.and(new Html((html.text().isEmpty() ? "" : "<br>") + text));
        }
        return html;
    }

    /** The first heading. */
    static String title(String markdown) {
        var found = new ArrayList<String>();
        PARSER.parse(markdown).accept(new AbstractVisitor() {
            @Override
            public void visit(Heading heading) {
                found.add(textOf(heading));
            }
        });
        return found.getFirst();
    }

    /** The first paragraph, as Markdown's plain text. */
    static String lead(String markdown) {
        for (var block = PARSER.parse(markdown).getFirstChild(); block != null; block = block.getNext()) {
            if (block instanceof Paragraph) {
                return textOf(block);
            }
        }
        return "";
    }

    /** The second-level headings, by the anchors that lead to them. */
    static Map<String, String> sections(String markdown) {
        var found = new LinkedHashMap<String, String>();
        PARSER.parse(markdown).accept(new AbstractVisitor() {
            @Override
            public void visit(Heading heading) {
                if (heading.getLevel() == 2) {
                    found.put(anchor(textOf(heading)), textOf(heading));
                }
            }
        });
        return found;
    }

    private static String textOf(Node node) {
        var text = new StringBuilder();
        node.accept(new AbstractVisitor() {
            @Override
            public void visit(Text part) {
                text.append(part.getLiteral());
            }

            @Override
            public void visit(Code part) {
                text.append(part.getLiteral());
            }

            @Override
            public void visit(SoftLineBreak part) {
                text.append(' ');
            }
        });
        return text.toString();
    }

    private static String anchor(String heading) {
        return heading.toLowerCase(Locale.ROOT).replaceAll("[^a-z0-9]+", "-").replaceAll("^-|-$", "");
    }

    private static AttributeProvider attributes() {
        return (node, tag, attributes) -> {
            if (node instanceof Heading heading) {
                attributes.put("id", anchor(textOf(heading)));
            }
            if (node instanceof Link link
                    && link.getDestination().endsWith(GUIDE)
                    && !link.getDestination().contains("/")) {
                attributes.put("href", Paths.guide(link.getDestination().replace(GUIDE, "")));
            }
        };
    }

    private record CodeRenderer(HtmlNodeRendererContext context, Function<String, Optional<String>> hrefOfCode)
            implements NodeRenderer {
        @Override
        public Set<Class<? extends Node>> getNodeTypes() {
            return Set.of(Code.class);
        }

        @Override
        public void render(Node node) {
            var literal = ((Code) node).getLiteral();
            var writer = context.getWriter();
            var href = node.getParent() instanceof Link ? Optional.<String>empty() : hrefOfCode.apply(literal);
            href.ifPresent(to -> writer.tag("a", Map.of("href", to)));
            writer.tag("code");
            writer.text(literal);
            writer.tag("/code");
            href.ifPresent(to -> writer.tag("/a"));
        }
    }
}
