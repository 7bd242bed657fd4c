// euromesh-verify: checks an exported ledger off-line. See docs/ledger.md.
#include <sodium.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>

#include "apps/verify/compare.hpp"
#include "apps/verify/report.hpp"
#include "apps/verify/verify.hpp"

using namespace euromesh;

namespace {

constexpr std::size_t small_file_most = 1u << 20;

struct Options {
    std::string file;
    std::string keys;
    std::string against;
    std::vector<std::string> heads;
    std::uint64_t needs = 0;
    bool json = false;
};

struct Closer {
    void operator()(std::FILE* file) const {
        if (file != stdin) std::fclose(file);
    }
};
using File = std::shared_ptr<std::FILE>;

Result<File> open_file(const std::string& name) {
    if (name == "-") return File(stdin, Closer());
    std::FILE* file = std::fopen(name.c_str(), "rb");
    if (file == nullptr) return fail(Code::not_found, "{}: it cannot be opened for reading", name);
    return File(file, Closer());
}

Result<std::size_t> read_some(std::FILE* file, std::span<char> buffer) {
    const std::size_t count = std::fread(buffer.data(), 1, buffer.size(), file);
    if (count == 0 && std::ferror(file) != 0)
        return fail(Code::unavailable, "reading failed before the file's end");
    return count;
}

Result<std::string> read_small(const std::string& name) {
    EM_ASSIGN(const File file, open_file(name));
    std::string text(small_file_most + 1, '\0');
    EM_ASSIGN(const std::size_t count, read_some(file.get(), text));
    if (count > small_file_most) return fail(Code::bad_input, "{}: over {} bytes", name, small_file_most);
    text.resize(count);
    return text;
}

Result<verify::Source> source_of(const std::string& name) {
    EM_ASSIGN(const File file, open_file(name));
    return verify::Source([file](std::span<char> buffer) { return read_some(file.get(), buffer); });
}

Result<verify::Question> question_of(const Options& options) {
    verify::Question question;
    question.needs = options.needs;
    if (!options.keys.empty()) {
        EM_ASSIGN(const std::string text, read_small(options.keys));
        EM_ASSIGN(question.known, verify::read_known_keys(text));
    }
    for (const std::string& name : options.heads) {
        EM_ASSIGN(const std::string text, read_small(name));
        auto note = verify::read_note(text);
        if (!note) return fail(note.error().within(name));
        question.trusted.push_back(*std::move(note));
    }
    EM_ASSIGN(question.source, source_of(options.file));
    return question;
}

// Whether the two go together as far as both go.
Result<bool> run_against(const Options& options) {
    EM_ASSIGN(verify::Source one, source_of(options.file));
    EM_ASSIGN(verify::Source two, source_of(options.against));
    EM_ASSIGN(const verify::Comparison found, verify::compare(std::move(one), std::move(two)));
    const std::string text = options.json ? verify::as_json(found) : verify::as_text(found);
    std::fputs(text.c_str(), stdout);
    return !found.first.has_value();
}

// Whether the export holds.
Result<bool> run(const Options& options) {
    if (!options.against.empty()) return run_against(options);
    EM_ASSIGN(verify::Question question, question_of(options));
    const verify::Asked asked{options.needs, question.known.has_value(), question.trusted.size()};
    EM_ASSIGN(const verify::Findings findings, verify::verify(std::move(question)));
    const std::string text =
        options.json ? verify::as_json(findings, asked) : verify::as_text(findings, asked);
    std::fputs(text.c_str(), stdout);
    return !findings.first.has_value();
}

void describe(CLI::App& app, Options& options) {
    app.add_option("EXPORT", options.file, "exported ledger; - reads standard input")->required();
    app.add_option("--keys", options.keys,
                   "keys that you know, one name+hint+key a line: the last head must be signed by them");
    app.add_option("--needs", options.needs, "sites that must have countersigned the last head")
        ->capture_default_str();
    app.add_option(
           "--head", options.heads,
           "signed head that you kept or got from a site: the export must contain it; may be repeated")
        ->allow_extra_args(false);
    app.add_option("--against", options.against,
                   "another export of the same ledger: names the first entry in which they part, and nothing "
                   "else is checked");
    app.add_flag("--json", options.json, "one JSON document instead of text");
    app.footer(
        "Status 0: the ledger holds. 8: it does not, and the first difference is named. Other: it could not "
        "be "
        "checked.");
}

}  // namespace

int main(int argc, char** argv) {
    Options options;
    CLI::App app{"Checks an exported ledger without the coordinator and without its code."};
    describe(app, options);
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        if (error.get_exit_code() == 0) return app.exit(error);
        std::fprintf(stderr, "euromesh-verify: %s (see --help)\n", error.what());
        return exit_status(Code::bad_input);
    }
    if (sodium_init() < 0) {
        std::fputs("euromesh-verify: libsodium does not start\n", stderr);
        return exit_status(Code::internal);
    }
    const auto holds = run(options);
    if (holds) return *holds ? 0 : exit_status(Code::corrupted);
    std::fprintf(stderr, "euromesh-verify: %s\n", holds.error().message.c_str());
    return exit_status(holds.error().code);
}
