#include <cstdio>
#include <memory>
#include <set>

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
    std::optional<std::uint64_t> needs;
    bool json = false, all = false;
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

// All that the newest head covers.
Result<std::vector<std::string>> read_entries(const LedgerSource& source) {
    const std::uint64_t size = source.heads.back().head.size;
    std::vector<std::string> all;
    while (all.size() < size) {
        EM_ASSIGN(std::vector<std::string> entries, source.entries(all.size()));
        if (entries.empty())
            return fail(Code::corrupted, "a head covers {} entries, and there are {}", size, all.size());
        std::move(entries.begin(), entries.end(), std::back_inserter(all));
    }
    return all;
}

// More than half of the sites that are in the federation.
std::uint64_t usual_need(const std::vector<std::string>& entries) {
    std::set<std::string> sites;
    for (const std::string& entry : entries) {
        if (entry.find("\"type\":\"site.") == std::string::npos) continue;
        const auto event = parse_json(entry);
        if (!event) continue;
        const std::string type = event->value("type", "");
        const Json data = event->value("data", Json::object());
        if (type == "site.admitted") sites.insert(data.value("site", Json::object()).value("id", ""));
        if (type == "site.state_set" && data.value("state", "") == "left")
            sites.erase(data.value("site", ""));
    }
    return sites.empty() ? 0 : sites.size() / 2 + 1;
}

// How many of the heads. Those that a site has not seen yet stand at the end.
Result<std::size_t> heads_to_write(const LedgerArguments& arguments, const LedgerSource& source,
                                   const std::vector<std::string>& entries) {
    if (arguments.all) return source.heads.size();
    const std::uint64_t needs = arguments.needs.value_or(usual_need(entries));
    const std::size_t count = heads_up_to_countersigned(source.heads, needs);
    if (count > 0) return count;
    if (arguments.needs)
        return fail(Code::unavailable,
                    "no recent head has the countersignatures of {} sites; try again when their agents run, "
                    "or use --all",
                    needs);
    std::fprintf(stderr, "no recent head has the countersignatures of %llu sites: all is exported\n",
                 static_cast<unsigned long long>(needs));
    return source.heads.size();
}

// Each head after its last entry.
Status write_export(std::span<const std::string> entries, std::span<const SignedHead> heads,
                    LedgerExporter& out) {
    std::uint64_t written = 0;
    auto head = heads.begin();
    for (const std::string& entry : entries) {
        if (head == heads.end()) break;
        EM_TRY(out.entry(entry));
        ++written;
        for (; head != heads.end() && head->head.size == written; ++head) EM_TRY(out.head(*head));
    }
    return out.end();
}

Status export_ledger(const LedgerArguments& arguments, const Clock& clock) {
    EM_ASSIGN(const LedgerSource source, source_of(arguments, clock));
    if (source.heads.empty()) return fail(Code::unavailable, "no head is signed yet; try again in a second");
    EM_ASSIGN(const std::vector<std::string> entries, read_entries(source));
    EM_ASSIGN(const std::size_t count, heads_to_write(arguments, source, entries));
    const auto heads = std::span(source.heads).first(count);
    std::string text;
    LedgerExporter out(heads.back().head.origin, [&](std::string_view piece) -> Status {
        text += piece;
        return {};
    });
    EM_TRY(write_export(entries, heads, out));
    EM_TRY(os::write_file_atomically(arguments.file, text));
    const SignedHead& last = heads.back();
    std::printf("%s: %llu entries, %zu signed heads, the last one countersigned by %zu sites\n",
                arguments.file.c_str(), static_cast<unsigned long long>(last.head.size), count,
                last.countersignatures.size());
    const std::uint64_t younger = source.heads.back().head.size - last.head.size;
    if (younger > 0)
        std::printf("%llu younger entries wait for countersignatures (--all takes them)\n",
                    static_cast<unsigned long long>(younger));
    std::printf("check it with: euromesh-verify %s --needs %zu\n", arguments.file.c_str(),
                last.countersignatures.size());
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
    exporting->add_option("--needs", arguments->needs,
                          "end in a head that so many sites have countersigned; default: more than half");
    exporting->add_flag("--all", arguments->all, "also what no site has countersigned yet")
        ->excludes("--needs");
    exporting->footer(
        "By the API this is for administrators and reviewers; --store is for who runs the coordinator.\n"
        "Example: euromesh ledger export federation.ledger && euromesh-verify federation.ledger");
}

}  // namespace euromesh::apps
