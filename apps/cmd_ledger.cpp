#include <cstdio>
#include <memory>

#include "apps/api_client.hpp"
#include "apps/command.hpp"
#include "federation/http/paging.hpp"
#include "federation/ledger/ledger_export.hpp"
#include "federation/store/log_store.hpp"

namespace euromesh::apps {
namespace {

using namespace federation;

struct LedgerArguments {
    std::string coordinator, store, file;
    bool json = false;
};

constexpr std::size_t page_entries = 1000, page_bytes = 16u << 20;
constexpr const char* heads_document = "heads";

// Where entries and heads come from: the API, or the store itself.
struct LedgerSource {
    std::function<Result<std::vector<std::string>>(std::uint64_t first)> entries;
    std::vector<SignedHead> heads;
};

Result<std::vector<SignedHead>> heads_of(const Json& list) {
    std::vector<SignedHead> heads;
    for (const Json& item : list) {
        EM_ASSIGN(SignedHead head, decode_signed_head(item.is_string() ? item.get<std::string>() : ""));
        heads.push_back(std::move(head));
    }
    return heads;
}

std::string whole_path(const std::string& url) {
    constexpr std::string_view scheme = "sqlite:";
    if (!url.starts_with(scheme)) return url;
    return std::string(scheme) + std::filesystem::absolute(url.substr(scheme.size())).string();
}

Result<LedgerSource> source_of_store(const std::string& url) {
    EM_ASSIGN(std::shared_ptr<LogStore> store, open_store(whole_path(url)));
    EM_ASSIGN(const std::optional<std::string> text, store->get_document(heads_document));
    LedgerSource source;
    if (text) {
        EM_ASSIGN(const Json list, parse_json(*text));
        EM_ASSIGN(source.heads, heads_of(list));
    }
    source.entries = [store](std::uint64_t first) { return store->read(first, page_entries, page_bytes); };
    return source;
}

Result<LedgerSource> source_of_api(const std::string& coordinator, const Clock& clock) {
    EM_ASSIGN(std::shared_ptr<ApiClient> client, client_of_person(coordinator, clock));
    EM_ASSIGN(const Json answer, client->get("/v1/ledger/heads"));
    LedgerSource source;
    EM_ASSIGN(source.heads, heads_of(answer.value("heads", Json::array())));
    source.entries = [client](std::uint64_t first) -> Result<std::vector<std::string>> {
        const std::string cursor =
            first == 0 ? "" : "&cursor=" + percent_encoded(make_cursor("entries", std::to_string(first)));
        EM_ASSIGN(const Json page,
                  client->get(fmt::format("/v1/ledger/entries?limit={}{}", page_entries, cursor)));
        std::vector<std::string> entries;
        for (const Json& entry : page.value("entries", Json::array()))
            if (entry.is_string()) entries.push_back(entry.get<std::string>());
        return entries;
    };
    return source;
}

Result<LedgerSource> source_of(const LedgerArguments& arguments, const Clock& clock) {
    return arguments.store.empty() ? source_of_api(arguments.coordinator, clock)
                                   : source_of_store(arguments.store);
}

// All that the newest head covers, each head after its last entry.
Status write_export(const LedgerSource& source, LedgerExporter& out) {
    std::uint64_t written = 0;
    auto head = source.heads.begin();
    while (head != source.heads.end()) {
        EM_ASSIGN(const std::vector<std::string> entries, source.entries(written));
        if (entries.empty())
            return fail(Code::corrupted, "a head covers {} entries, and there are {}", head->head.size,
                        written);
        for (const std::string& entry : entries) {
            if (head == source.heads.end()) break;
            EM_TRY(out.entry(entry));
            ++written;
            for (; head != source.heads.end() && head->head.size == written; ++head) EM_TRY(out.head(*head));
        }
    }
    return out.end();
}

Status export_ledger(const LedgerArguments& arguments, const Clock& clock) {
    EM_ASSIGN(const LedgerSource source, source_of(arguments, clock));
    if (source.heads.empty()) return fail(Code::unavailable, "no head is signed yet; try again in a second");
    std::string text;
    LedgerExporter out(source.heads.back().head.origin, [&](std::string_view piece) -> Status {
        text += piece;
        return {};
    });
    EM_TRY(write_export(source, out));
    EM_TRY(os::write_file_atomically(arguments.file, text));
    std::printf("%s: %llu entries, %zu signed heads; check it with: euromesh-verify %s\n",
                arguments.file.c_str(), static_cast<unsigned long long>(source.heads.back().head.size),
                source.heads.size(), arguments.file.c_str());
    return {};
}

Status show_heads(const LedgerArguments& arguments, const Clock& clock) {
    EM_ASSIGN(const LedgerSource source, source_of(arguments, clock));
    if (arguments.json) {
        Json list = Json::array();
        for (const SignedHead& head : source.heads) list.push_back(encode(head));
        std::printf("%s\n", list.dump(2).c_str());
        return {};
    }
    if (source.heads.empty()) std::printf("no head is signed yet\n");
    if (!source.heads.empty()) std::printf("%s", encode(source.heads.back()).c_str());
    return {};
}

}  // namespace

void add_ledger(CLI::App& root, Context& context) {
    const auto arguments = std::make_shared<LedgerArguments>();
    CLI::App* ledger =
        root.add_subcommand("ledger", "the record of every decision: signed heads, and a copy to check");
    ledger->require_subcommand(1);
    const auto add = [&](const char* name, const char* help, auto function) {
        CLI::App* command = ledger->add_subcommand(name, help);
        command->add_option("--coordinator", arguments->coordinator,
                            "its URL; default: the one logged in at, or of 'up'");
        command->add_option("--store", arguments->store,
                            "read this store instead: sqlite:FILE or postgresql://...");
        command->callback([arguments, function, &context] {
            context.chosen = [arguments, function, &context] { return function(*arguments, context.clock); };
        });
        return command;
    };
    add("head", "the newest signed head with the sites' countersignatures", show_heads)
        ->add_flag("--json", arguments->json, "all recent heads");
    CLI::App* exporting = add("export", "everything in one file, for euromesh-verify", export_ledger);
    exporting->add_option("file", arguments->file)->required();
    exporting->footer(
        "By the API this is for administrators and reviewers; --store is for who runs the coordinator.\n"
        "Example: euromesh ledger export federation.ledger && euromesh-verify federation.ledger");
}

}  // namespace euromesh::apps
