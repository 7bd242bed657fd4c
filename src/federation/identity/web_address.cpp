#include "federation/identity/web_address.hpp"

#include <algorithm>
#include <charconv>
#include <optional>

namespace euromesh::federation {
namespace {

constexpr std::size_t form_max_bytes = 64u << 10;
constexpr std::size_t form_max_fields = 64;

bool is_alphanumeric(char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

tl::unexpected<Error> wrong() {
    return fail(Code::bad_input, "URL: write https://host[:port]/path, without user, fragment or spaces");
}

bool is_host_character(char c) {
    return is_alphanumeric(c) || c == '.' || c == '-';
}

std::optional<std::uint16_t> port_of(std::string_view text) {
    std::uint16_t port = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
    if (error != std::errc() || end != text.data() + text.size() || port == 0) return std::nullopt;
    return port;
}

bool set_authority(std::string_view text, WebAddress& address) {
    const bool is_v6 = text.starts_with('[');
    const std::size_t end = is_v6 ? text.find(']') : text.find(':');
    if (is_v6 && end == text.npos) return false;
    address.host = text.substr(is_v6 ? 1 : 0, is_v6 ? end - 1 : end);
    const auto is_good = [is_v6](char c) { return is_host_character(c) || (is_v6 && c == ':'); };
    if (address.host.empty() || !std::all_of(address.host.begin(), address.host.end(), is_good)) return false;
    std::string_view rest = end == text.npos ? "" : text.substr(is_v6 ? end + 1 : end);
    if (rest.empty()) return true;
    const auto port = rest.front() == ':' ? port_of(rest.substr(1)) : std::nullopt;
    address.port = port.value_or(0);
    return port.has_value();
}

std::optional<unsigned> hex_of(char c) {
    if (c >= '0' && c <= '9') return static_cast<unsigned>(c - '0');
    if (c >= 'a' && c <= 'f') return static_cast<unsigned>(c - 'a' + 10);
    if (c >= 'A' && c <= 'F') return static_cast<unsigned>(c - 'A' + 10);
    return std::nullopt;
}

std::optional<std::string> form_decoded(std::string_view text) {
    std::string decoded;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '%') {
            decoded += text[i] == '+' ? ' ' : text[i];
            continue;
        }
        const auto high = i + 2 < text.size() ? hex_of(text[i + 1]) : std::nullopt;
        const auto low = i + 2 < text.size() ? hex_of(text[i + 2]) : std::nullopt;
        if (!high || !low) return std::nullopt;
        decoded += static_cast<char>(*high * 16 + *low);
        i += 2;
    }
    return decoded;
}

bool is_ipv4_loopback(std::string_view host) {
    return host.starts_with("127.") && std::count(host.begin(), host.end(), '.') == 3 &&
           host.find_first_not_of("0123456789.") == host.npos;
}

std::string percent_encoded(std::string_view text) {
    constexpr std::string_view digits = "0123456789ABCDEF";
    std::string encoded;
    for (const char c : text) {
        if (is_alphanumeric(c) || c == '-' || c == '.' || c == '_' || c == '~') {
            encoded += c;
        } else {
            const auto value = static_cast<unsigned char>(c);
            encoded += {'%', digits[value / 16], digits[value % 16]};
        }
    }
    return encoded;
}

}  // namespace

Result<WebAddress> parse_web_address(std::string_view text) {
    const auto is_bad = [](char c) { return c <= ' ' || c >= 127 || c == '#' || c == '\\' || c == '"'; };
    if (text.size() > web_address_max_bytes || std::any_of(text.begin(), text.end(), is_bad)) return wrong();
    WebAddress address;
    address.is_tls = text.starts_with("https://");
    if (!address.is_tls && !text.starts_with("http://")) return wrong();
    address.port = address.is_tls ? 443 : 80;
    text.remove_prefix(address.is_tls ? 8 : 7);
    const std::size_t end = std::min(text.find_first_of("/?"), text.size());
    if (!set_authority(text.substr(0, end), address)) return wrong();
    address.path = text.substr(end);
    if (!address.path.starts_with('/')) address.path = "/" + address.path;
    return address;
}

bool is_loopback_host(std::string_view host) {
    return host == "localhost" || host == "::1" || is_ipv4_loopback(host);
}

Status check_endpoint(std::string_view url, std::string_view what) {
    auto address = parse_web_address(url);
    if (!address) return fail(address.error().within(std::string(what)));
    if (!address->is_tls && !is_loopback_host(address->host)) {
        return fail(Code::bad_input, "{}: use https:// (plain http only to this machine)", what);
    }
    return {};
}

std::string to_form(const FormFields& fields) {
    std::string form;
    for (const auto& [name, value] : fields) {
        if (!form.empty()) form += '&';
        form += percent_encoded(name) + "=" + percent_encoded(value);
    }
    return form;
}

Result<FormFields> parse_form(std::string_view text) {
    if (text.size() > form_max_bytes) {
        return fail(Code::bad_input, "form: over the limit of {} bytes", form_max_bytes);
    }
    FormFields fields;
    while (!text.empty()) {
        const std::size_t end = std::min(text.find('&'), text.size());
        const std::string_view pair = text.substr(0, end);
        text.remove_prefix(std::min(end + 1, text.size()));
        if (pair.empty()) continue;
        const std::size_t equals = std::min(pair.find('='), pair.size());
        auto name = form_decoded(pair.substr(0, equals));
        auto value = form_decoded(pair.substr(std::min(equals + 1, pair.size())));
        if (!name || !value) return fail(Code::bad_input, "form: a percent sign without two digits");
        if (!fields.emplace(std::move(*name), std::move(*value)).second) {
            return fail(Code::bad_input, "form: a field stands twice");
        }
        if (fields.size() > form_max_fields) {
            return fail(Code::bad_input, "form: more than {} fields", form_max_fields);
        }
    }
    return fields;
}

}  // namespace euromesh::federation
