#include "contract/measured.hpp"

#include <algorithm>
#include <array>
#include <span>
#include <utility>

#include "base/os/file.hpp"

namespace euromesh::contract {
namespace {

constexpr std::string_view format = "euromesh-measured/1";

// Beyond these a number is a mistake or an attack, and would only make later arithmetic overflow.
constexpr double most = 1e18;

struct Reader {
    const Json& object;
    std::string where;

    Result<std::string> text(std::string_view key) const {
        EM_ASSIGN(std::string value, json_string(object, key, where));
        if (value.size() > 200) return fail(Code::bad_input, "{}: '{}' is over 200 bytes", where, key);
        return value;
    }
    Result<std::int64_t> count(std::string_view key) const {
        EM_ASSIGN(const std::int64_t value, json_integer(object, key, where));
        if (value < 1 || static_cast<double>(value) > most)
            return fail(Code::bad_input, "{}: '{}' is {}; it must be at least 1", where, key, value);
        return value;
    }
    Result<double> amount(std::string_view key, double least = 0) const {
        EM_ASSIGN(const double value, json_number(object, key, where));
        if (!(value >= least && value <= most))
            return fail(Code::bad_input, "{}: '{}' is {}; it must be at least {}", where, key, value, least);
        return value;
    }
    Status only(std::span<const std::string_view> known) const {
        if (!object.is_object()) return fail(Code::bad_input, "{} must be an object", where);
        for (const auto& [key, unused] : object.items())
            if (std::find(known.begin(), known.end(), key) == known.end())
                return fail(Code::bad_input, "{}: unknown key '{}'", where, key);
        return {};
    }
};

constexpr std::array<std::string_view, 12> document_keys = {
    "format",      "program", "date",         "run",   "parameters",
    "inner_steps", "rounds",  "batch_tokens", "codec", "bytes_per_parameter",
    "loss_gap",    "sites"};
constexpr std::array<std::string_view, 4> site_keys = {"name", "tokens_per_s", "compute_s", "wait_s"};

Result<MeasuredSite> site_of(const Json& object, std::string where) {
    const Reader reader{object, std::move(where)};
    EM_TRY(reader.only(site_keys));
    MeasuredSite site;
    EM_ASSIGN(site.name, reader.text("name"));
    EM_ASSIGN(site.tokens_per_s, reader.amount("tokens_per_s"));
    EM_ASSIGN(site.compute_s, reader.amount("compute_s"));
    EM_ASSIGN(site.wait_s, reader.amount("wait_s"));
    return site;
}

Result<std::vector<MeasuredSite>> sites_of(const Json& document, const std::string& file) {
    const auto found = document.find("sites");
    if (found == document.end() || !found->is_array() || found->empty() || found->size() > 1000)
        return fail(Code::bad_input, "{}: 'sites' must be a list of 1 to 1000 sites", file);
    std::vector<MeasuredSite> sites;
    for (const Json& object : *found) {
        EM_ASSIGN(MeasuredSite site, site_of(object, fmt::format("{}: site {}", file, sites.size() + 1)));
        sites.push_back(std::move(site));
    }
    return sites;
}

Result<std::optional<double>> gap_of(const Reader& reader) {
    const auto found = reader.object.find("loss_gap");
    if (found == reader.object.end() || found->is_null()) return std::nullopt;
    EM_ASSIGN(const double gap, reader.amount("loss_gap", -0.99));
    return gap;
}

}  // namespace

double Measured::utilisation() const {
    double compute = 0, wait = 0;
    for (const MeasuredSite& site : sites) {
        compute += site.compute_s;
        wait += site.wait_s;
    }
    return compute > 0 ? compute / (compute + wait) : 0;
}

Result<Measured> measured_from_report(const Json& report, std::string program, std::string date) {
    const Json& run = report.at("run");
    Measured measured;
    measured.program = std::move(program);
    measured.date = std::move(date);
    EM_ASSIGN(measured.run, json_string(run, "name", "report"));
    EM_ASSIGN(measured.codec, json_string(run, "codec", "report"));
    EM_ASSIGN(measured.parameters, json_integer(run.at("model"), "parameters", "report"));
    EM_ASSIGN(measured.inner_steps, json_integer(run, "inner_steps", "report"));
    EM_ASSIGN(measured.rounds, json_integer(run, "rounds", "report"));
    if (measured.rounds < 1 || measured.parameters < 1)
        return fail(Code::bad_input, "run {} did no outer step: nothing was measured", measured.run);
    for (const Json& site : report.at("sites")) {
        EM_ASSIGN(const std::string name, json_string(site, "name", "report"));
        if (site.value("tokens_per_second", Json()).is_null())
            return fail(Code::bad_input, "site {} told no round: nothing was measured", name);
        measured.sites.push_back({name, site["tokens_per_second"].get<double>(),
                                  site["compute_s"].get<double>(), site["wait_s"].get<double>()});
    }
    const auto sites = static_cast<std::int64_t>(measured.sites.size());
    EM_ASSIGN(const std::int64_t batch, json_integer(run, "batch", "report"));
    EM_ASSIGN(const std::int64_t context, json_integer(run.at("model"), "context", "report"));
    measured.batch_tokens = batch * context * sites;
    EM_ASSIGN(const double sent, json_number(report.at("bytes"), "sent", "report"));
    measured.bytes_per_parameter =
        sent / static_cast<double>(sites) /
        (static_cast<double>(measured.parameters) * static_cast<double>(measured.rounds));
    const Json gap = report.at("verdict").value("gap_to_data_parallel", Json());
    if (gap.is_number()) measured.loss_gap = gap.get<double>();
    return measured;
}

Json to_json(const Measured& measured) {
    Json sites = Json::array();
    for (const MeasuredSite& site : measured.sites)
        sites.push_back({{"name", site.name},
                         {"tokens_per_s", site.tokens_per_s},
                         {"compute_s", site.compute_s},
                         {"wait_s", site.wait_s}});
    return {{"format", format},
            {"program", measured.program},
            {"date", measured.date},
            {"run", measured.run},
            {"parameters", measured.parameters},
            {"inner_steps", measured.inner_steps},
            {"rounds", measured.rounds},
            {"batch_tokens", measured.batch_tokens},
            {"codec", measured.codec},
            {"bytes_per_parameter", measured.bytes_per_parameter},
            {"loss_gap", measured.loss_gap ? Json(*measured.loss_gap) : Json(nullptr)},
            {"sites", sites}};
}

Result<Measured> parse_measured(std::string_view text, const std::string& file) {
    const Result<Json> parsed = parse_json(text, measured_max_bytes);
    if (!parsed) return fail(parsed.error().within(file));
    const Reader reader{*parsed, file};
    EM_TRY(reader.only(document_keys));
    EM_ASSIGN(const std::string found, reader.text("format"));
    if (found != format)
        return fail(Code::bad_input, "{}: 'format' is '{}'; this program reads '{}'", file, found, format);
    Measured measured;
    EM_ASSIGN(measured.program, reader.text("program"));
    EM_ASSIGN(measured.date, reader.text("date"));
    EM_ASSIGN(measured.run, reader.text("run"));
    EM_ASSIGN(measured.parameters, reader.count("parameters"));
    EM_ASSIGN(measured.inner_steps, reader.count("inner_steps"));
    EM_ASSIGN(measured.rounds, reader.count("rounds"));
    EM_ASSIGN(measured.batch_tokens, reader.count("batch_tokens"));
    EM_ASSIGN(measured.codec, reader.text("codec"));
    EM_ASSIGN(measured.bytes_per_parameter, reader.amount("bytes_per_parameter"));
    EM_ASSIGN(measured.loss_gap, gap_of(reader));
    EM_ASSIGN(measured.sites, sites_of(*parsed, file));
    return measured;
}

Result<Measured> read_measured(const std::filesystem::path& file) {
    EM_ASSIGN(const std::string text, os::read_file(file, measured_max_bytes));
    return parse_measured(text, file.string());
}

Status write_measured(const std::filesystem::path& file, const Measured& measured) {
    return os::write_file_atomically(file, to_json(measured).dump(2) + "\n");
}

}  // namespace euromesh::contract
