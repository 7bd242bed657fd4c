#include "sync/exchange/connector.hpp"

#include "sync/exchange/proxy.hpp"
#include "sync/exchange/race.hpp"

namespace euromesh::sync {
namespace {

constexpr std::string_view login_mark = "?login=";
constexpr std::string_view command_mark = "command:";
constexpr std::size_t text_most = 4096;
// A command that cannot do its work mostly says so in this time; one that can, loses it once a connection.
constexpr Nanoseconds command_patience = std::chrono::milliseconds(100);
// A command that ended sooner never had a connection.
constexpr Nanoseconds short_life = std::chrono::seconds(20);

Result<Connector> parse_proxy(Connector::Kind kind, std::string_view rest, std::string_view whole) {
    Connector made;
    made.kind = kind;
    if (const std::size_t mark = rest.find(login_mark); mark != std::string_view::npos) {
        made.login = rest.substr(mark + login_mark.size());
        if (made.login.empty()) return fail(Code::bad_input, "connector '{}': ?login= names no file", whole);
        rest = rest.substr(0, mark);
    }
    if (rest.find('@') != std::string_view::npos) {
        // Not shown: it has a password in it.
        return fail(Code::bad_input,
                    "connector: a login is not written here, others would see it (write user:password into a "
                    "file and name it: ?login=FILE)");
    }
    if (rest.ends_with('/')) rest.remove_suffix(1);
    const auto proxy = os::parse_endpoint(rest);
    if (!proxy) return fail(proxy.error().within(fmt::format("connector '{}'", whole)));
    if (proxy->port == 0) return fail(Code::bad_input, "connector '{}': port 0 cannot be reached", whole);
    made.proxy = *proxy;
    return made;
}

// Words apart by blanks; '…' and "…" keep blanks. No other sign means anything.
Result<std::vector<std::string>> split_words(std::string_view text) {
    std::vector<std::string> words;
    bool in_word = false;
    char quote = 0;
    for (const char c : text) {
        const bool blank = c == ' ' || c == '\t';
        const bool starts_quote = quote == 0 && (c == '\'' || c == '"');
        if (quote == 0 && blank) {
            in_word = false;
            continue;
        }
        if (!in_word) words.emplace_back();
        in_word = true;
        if (starts_quote)
            quote = c;
        else if (c == quote)
            quote = 0;
        else
            words.back().push_back(c);
    }
    if (quote != 0) return fail(Code::bad_input, "the quote {} is not closed", quote);
    return words;
}

Result<Connector> parse_command(std::string_view rest, std::string_view whole) {
    Connector made;
    made.kind = Connector::Kind::command;
    auto words = split_words(rest);
    if (!words) return fail(words.error().within(fmt::format("connector '{}'", whole)));
    made.command = std::move(*words);
    if (made.command.empty() || made.command.front().empty()) {
        return fail(Code::bad_input,
                    "connector '{}': the command is missing (command: ssh -W {{host}}:{{port}} gateway)",
                    whole);
    }
    return made;
}

std::string filled(std::string text, std::string_view mark, std::string_view value) {
    for (std::size_t at = 0; (at = text.find(mark, at)) != std::string::npos; at += value.size())
        text.replace(at, mark.size(), value);
    return text;
}

// Pieces in quotes that touch are one word, so that a word may have both kinds of quotes.
std::string quoted(const std::string& word) {
    if (!word.empty() && word.find_first_of(" \t'\"") == std::string::npos) return word;
    const bool has_single = word.find('\'') != std::string::npos;
    if (has_single && word.find('"') == std::string::npos) return '"' + word + '"';
    return "'" + filled(word, "'", "'\"'\"'") + "'";
}

}  // namespace

std::string Connector::text() const {
    if (kind == Kind::plain) return "plain";
    if (kind == Kind::command) {
        std::string text(command_mark);
        for (const std::string& word : command) text += ' ' + quoted(word);
        return text;
    }
    const std::string_view scheme = kind == Kind::socks5 ? "socks5" : "http";
    const std::string file = login.empty() ? "" : std::string(login_mark) + login.string();
    return fmt::format("{}://{}{}", scheme, proxy.text(), file);
}

Result<Connector> parse_connector(std::string_view text) {
    constexpr std::string_view socks = "socks5://", http = "http://";
    const std::string_view shown = text.substr(0, 100);
    if (text.size() > text_most || text.find('\0') != std::string_view::npos)
        return fail(Code::bad_input, "connector: at most {} bytes of text", text_most);
    if (text == "plain") return Connector{};
    if (text.starts_with(socks))
        return parse_proxy(Connector::Kind::socks5, text.substr(socks.size()), shown);
    if (text.starts_with(http)) return parse_proxy(Connector::Kind::http, text.substr(http.size()), shown);
    if (text.starts_with(command_mark)) return parse_command(text.substr(command_mark.size()), shown);
    return fail(Code::bad_input,
                "connector '{}': write plain, socks5://host:port, http://host:port or command: program "
                "arguments",
                text.find('@') == std::string_view::npos ? shown : "...");
}

Result<os::Socket> Dialler::connect(const os::Endpoint& endpoint, const std::stop_token& stop) {
    EM_ASSIGN(const std::vector<os::Address> addresses, options_.resolver(endpoint, options_.family, stop));
    auto socket = race(addresses, options_.socket, clock_, options_.limit, stop);
    if (!socket) return fail(socket.error().within("connecting to " + endpoint.text()));
    return socket;
}

Result<os::Socket> Dialler::by_proxy(const os::Endpoint& endpoint, const std::stop_token& stop) {
    const Connector& via = options_.via;
    std::optional<Login> login;
    if (!via.login.empty()) {
        EM_ASSIGN(login, read_login(via.login));
    }
    EM_ASSIGN(os::Socket socket, connect(via.proxy, stop));
    Dialogue dialogue(socket, clock_, options_.limit, stop, "proxy " + via.proxy.text());
    EM_TRY(via.kind == Connector::Kind::socks5 ? ask_socks5(dialogue, endpoint, login)
                                               : ask_http(dialogue, endpoint, login));
    return socket;
}

Result<os::Socket> Dialler::by_command(const os::Endpoint& endpoint, const std::stop_token& stop) {
    if (endpoint.host.starts_with('-'))
        return fail(Code::bad_input, "host '{}' would be read as an option", endpoint.host.substr(0, 40));
    std::vector<std::string> arguments;
    for (const std::string& word : options_.via.command)
        arguments.push_back(
            filled(filled(word, "{port}", std::to_string(endpoint.port)), "{host}", endpoint.host));
    EM_ASSIGN(auto started, os::PipedChild::start(arguments));
    child_ = std::move(started.first);
    child_began_ = clock_.monotonic();
    EM_TRY(wait_for_a_sign(started.second, stop));
    return std::move(started.second);
}

// A command that works is silent, or sends what the endpoint says; one that does not, ends.
Status Dialler::wait_for_a_sign(const os::Socket& stream, const std::stop_token& stop) {
    const Nanoseconds until = child_began_ + command_patience;
    EM_ASSIGN(const bool heard, wait_for(stream, false, clock_, until, stop));
    if (!heard || !stream.has_ended()) return {};
    while (!child_->exit_status() && clock_.monotonic() < until)
        os::wait_ready({}, std::chrono::milliseconds(1));
    const std::string why = complaint();
    child_.reset();
    if (why.empty())
        return fail(Code::unavailable, "command '{}' ended at once", options_.via.command.front());
    return fail(Code::refused, "{}", why);
}

Result<os::Socket> Dialler::dial(const os::Endpoint& endpoint, const std::stop_token& stop) {
    const std::string before = complaint();
    child_.reset();
    // Told once, instead of a connection, because nobody hears it otherwise.
    if (!before.empty()) return fail(Code::refused, "{}", before);
    if (options_.via.kind == Connector::Kind::plain) return connect(endpoint, stop);
    if (options_.via.kind == Connector::Kind::command) return by_command(endpoint, stop);
    return by_proxy(endpoint, stop);
}

std::string Dialler::text(const os::Endpoint& endpoint) const {
    const Connector& via = options_.via;
    if (via.kind == Connector::Kind::plain) return endpoint.text();
    const std::string name = via.kind == Connector::Kind::command ? via.command.front() : via.text();
    return endpoint.text() + " by " + name;
}

std::string Dialler::complaint() {
    if (!child_ || clock_.monotonic() - child_began_ > short_life) return "";
    const std::optional<int> status = child_->exit_status();
    if (!status || *status == 0) return "";
    const std::string words = child_->last_words();
    return fmt::format("command '{}' ended with status {}{}{}", options_.via.command.front(), *status,
                       words.empty() ? "" : ": ", words);
}

Result<Arrival> DirectWay::connect(std::stop_token stop) {
    EM_ASSIGN(os::Socket socket, dialler_.dial(peer_, stop));
    return Arrival{std::move(socket), text()};
}

}  // namespace euromesh::sync
