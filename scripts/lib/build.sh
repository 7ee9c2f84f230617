# Sourced by the scripts that run what is built.
build() { # builds target/fathi.jar and target/lib when a source is newer than the last build
    local built=target/.built
    if [ -e "$built" ] && [ -e target/fathi.jar ] \
        && [ -z "$(find pom.xml openapi.yaml conf docs/guides src/main -newer "$built" -print -quit)" ]; then
        return 0
    fi
    echo "Building Fathi; the first time takes a few minutes …" >&2
    mkdir -p target
    touch target/.building
    rm -f target/fathi.aot
    mvn --quiet --batch-mode -Dstyle.color=never -Dmaven.test.skip=true package
    mv target/.building "$built"
}
