#include "sync/exchange/proxy.hpp"

#include <algorithm>
#include <array>

namespace euromesh::sync {
namespace {

constexpr std::size_t socks_text_most = 255;
constexpr std::size_t answer_most = 16u << 10;
constexpr char socks_version = 5, no_login = 0, with_login = 2, no_method = '\xff';

// What goes into a request must not be able to end it.
Status check_host(const os::Endpoint& endpoint) {
    const auto plain = [](char c) { return c > 0x20 && c < 0x7f; };
    const bool fits = !endpoint.host.empty() && endpoint.host.size() <= socks_text_most &&
                      std::all_of(endpoint.host.begin(), endpoint.host.end(), plain);
    if (fits) return {};
    return fail(Code::bad_input, "a host's name has 1 to 255 printable characters");
}

std::string with_length(std::string_view text) {
    std::string framed(1, static_cast<char>(text.size()));
    return framed.append(text);
}

Result<std::string> receive(Dialogue& proxy, std::size_t size) {
    std::string text(size, '\0');
    EM_TRY(proxy.receive(std::as_writable_bytes(std::span(text.data(), text.size()))));
    return text;
}

Status log_in(Dialogue& proxy, const std::optional<Login>& login) {
    if (!login) return fail(Code::refused, "{}: it asks for a login (add ?login=FILE)", proxy.who());
    EM_TRY(proxy.send("\x01" + with_length(login->user) + with_length(login->password)));
    EM_ASSIGN(const std::string answer, receive(proxy, 2));
    if (answer[1] == 0) return {};
    return fail(Code::refused, "{}: it does not accept the login", proxy.who());
}

// Our methods: without a login, and with one if there is one.
Status agree_on_method(Dialogue& proxy, const std::optional<Login>& login) {
    const std::string methods = login ? std::string{no_login, with_login} : std::string{no_login};
    EM_TRY(proxy.send(std::string{socks_version} + with_length(methods)));
    EM_ASSIGN(const std::string answer, receive(proxy, 2));
    if (answer[0] != socks_version) return fail(Code::corrupted, "{}: it does not speak SOCKS5", proxy.who());
    if (answer[1] == no_login) return {};
    if (answer[1] == with_login) return log_in(proxy, login);
    if (answer[1] == no_method) {
        return fail(Code::refused, "{}: it wants another kind of login{}", proxy.who(),
                    login ? "" : " (add ?login=FILE)");
    }
    return fail(Code::corrupted, "{}: it answers with a method that was not offered", proxy.who());
}

// Addresses go as addresses; names as names, which the proxy looks up.
std::string socks_address(const os::Endpoint& endpoint) {
    std::string text;
    const std::string bytes = os::address_bytes(endpoint.host);
    if (bytes.size() == 4)
        text = '\x01' + bytes;
    else if (bytes.size() == 16)
        text = '\x04' + bytes;
    else
        text = '\x03' + with_length(endpoint.host);
    text.push_back(static_cast<char>(endpoint.port >> 8));
    text.push_back(static_cast<char>(endpoint.port & 0xff));
    return text;
}

// RFC 1928 section 6.
Error socks_refusal(const Dialogue& proxy, int reply, const os::Endpoint& endpoint) {
    static constexpr std::array<std::string_view, 9> reasons = {"",
                                                                "general failure",
                                                                "its rules do not allow it",
                                                                "network unreachable",
                                                                "host unreachable",
                                                                "connection refused",
                                                                "no answer in time",
                                                                "it cannot connect",
                                                                "it cannot use this kind of address"};
    const bool known = reply > 0 && reply < static_cast<int>(reasons.size());
    const bool final = reply == 2 || reply == 7 || reply == 8 || !known;
    return {final ? Code::refused : Code::unavailable,
            fmt::format("{}: no connection to {}: {}", proxy.who(), endpoint.text(),
                        known ? reasons[static_cast<std::size_t>(reply)] : "an unknown reason")};
}

// The address that the proxy connects from; nobody needs it, but its bytes must go.
Status skip_bound_address(Dialogue& proxy, char kind) {
    std::size_t size = kind == 1 ? 4 : 16;
    if (kind == 3) {
        EM_ASSIGN(const std::string length, receive(proxy, 1));
        size = static_cast<unsigned char>(length[0]);
    } else if (kind != 1 && kind != 4) {
        return fail(Code::corrupted, "{}: it answers with an unknown kind of address", proxy.who());
    }
    EM_ASSIGN([[maybe_unused]] const std::string skipped, receive(proxy, size + 2));
    return {};
}

// "HTTP/1.1 200 Connection established": 200. 0: not such a line.
int http_status(std::string_view answer) {
    if (!answer.starts_with("HTTP/1.") || answer.size() < 13 || answer[8] != ' ') return 0;
    int status = 0;
    for (const char c : answer.substr(9, 3)) {
        if (c < '0' || c > '9') return 0;
        status = status * 10 + (c - '0');
    }
    return status;
}

Error http_refusal(const Dialogue& proxy, int status, const os::Endpoint& endpoint) {
    if (status == 407) {
        return {
            Code::refused,
            fmt::format("{}: it asks for a login, or does not accept the one of ?login=FILE", proxy.who())};
    }
    // RFC 9110 sections 15.5 and 15.6: 4xx: do not ask again as it is; 5xx: the fault is beyond.
    return {status >= 500 ? Code::unavailable : Code::refused,
            fmt::format("{}: no connection to {}: HTTP status {}", proxy.who(), endpoint.text(), status)};
}

}  // namespace

std::string base64(std::string_view bytes) {
    static constexpr std::string_view digits =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string text;
    for (std::size_t i = 0; i < bytes.size(); i += 3) {
        const std::size_t count = std::min<std::size_t>(3, bytes.size() - i);
        std::uint32_t group = 0;
        for (std::size_t k = 0; k < 3; ++k)
            group = group << 8 | (k < count ? static_cast<unsigned char>(bytes[i + k]) : 0u);
        for (std::size_t k = 0; k < 4; ++k)
            text.push_back(k <= count ? digits[group >> (18 - 6 * k) & 63u] : '=');
    }
    return text;
}

Result<Login> read_login(const os::Path& path) {
    using std::filesystem::perms;
    std::error_code error;
    const auto status = std::filesystem::status(path, error);
    if (!error && (status.permissions() & (perms::group_all | perms::others_all)) != perms::none) {
        return fail(Code::refused, "{}: a login that others can read (chmod 600 {})", path.string(),
                    path.string());
    }
    EM_ASSIGN(std::string text, os::read_file(path, 1024));
    while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.pop_back();
    const std::size_t colon = text.find(':');
    Login login{text.substr(0, colon), colon == std::string::npos ? "" : text.substr(colon + 1)};
    const bool fits = colon != std::string::npos && colon > 0 && login.user.size() <= socks_text_most &&
                      login.password.size() <= socks_text_most && text.find('\n') == std::string::npos;
    if (fits) return login;
    return fail(Code::bad_input, "{}: write one line, user:password, each of at most 255 bytes",
                path.string());
}

Status ask_socks5(Dialogue& proxy, const os::Endpoint& endpoint, const std::optional<Login>& login) {
    EM_TRY(check_host(endpoint));
    EM_TRY(agree_on_method(proxy, login));
    constexpr char connect = 1;
    EM_TRY(proxy.send(std::string{socks_version, connect, 0} + socks_address(endpoint)));
    EM_ASSIGN(const std::string answer, receive(proxy, 4));
    if (answer[0] != socks_version) return fail(Code::corrupted, "{}: it does not speak SOCKS5", proxy.who());
    if (answer[1] != 0) return fail(socks_refusal(proxy, static_cast<unsigned char>(answer[1]), endpoint));
    return skip_bound_address(proxy, answer[3]);
}

Status ask_http(Dialogue& proxy, const os::Endpoint& endpoint, const std::optional<Login>& login) {
    EM_TRY(check_host(endpoint));
    std::string request =
        fmt::format("CONNECT {} HTTP/1.1\r\nHost: {}\r\n", endpoint.text(), endpoint.text());
    if (login)
        request += "Proxy-Authorization: Basic " + base64(login->user + ':' + login->password) + "\r\n";
    EM_TRY(proxy.send(request + "\r\n"));
    EM_ASSIGN(const std::string answer, proxy.receive_until("\r\n\r\n", answer_most));
    const int status = http_status(answer);
    if (status == 0) return fail(Code::corrupted, "{}: it does not answer as an HTTP proxy", proxy.who());
    if (status / 100 != 2) return fail(http_refusal(proxy, status, endpoint));
    return {};
}

}  // namespace euromesh::sync
