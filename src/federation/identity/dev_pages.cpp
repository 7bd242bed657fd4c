#include "federation/identity/dev_pages.hpp"

namespace euromesh::federation {
namespace {

std::string page(std::string_view title, const std::string& body) {
    return fmt::format(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>{0}</title><style>"
        "body{{font:1rem/1.5 system-ui,sans-serif;max-width:32rem;margin:3rem auto;padding:0 1rem}}"
        "button,input{{font:inherit;padding:.5rem 1rem;margin:.25rem 0}}button{{width:100%;text-align:left}}"
        "</style></head><body><h1>{0}</h1>{1}</body></html>",
        html_escaped(title), body);
}

std::string hidden(std::string_view name, std::string_view value) {
    return fmt::format("<input type=\"hidden\" name=\"{}\" value=\"{}\">", name, html_escaped(value));
}

std::string buttons(const std::vector<DevUser>& users) {
    std::string text;
    for (const DevUser& user : users) {
        text += fmt::format("<button name=\"user\" value=\"{}\">{} ({})</button>", html_escaped(user.id),
                            html_escaped(user.name.empty() ? user.id : user.name), html_escaped(user.id));
    }
    return text;
}

}  // namespace

std::string html_escaped(std::string_view text) {
    std::string escaped;
    for (const char c : text) {
        switch (c) {
            case '&':
                escaped += "&amp;";
                break;
            case '<':
                escaped += "&lt;";
                break;
            case '>':
                escaped += "&gt;";
                break;
            case '"':
                escaped += "&quot;";
                break;
            case '\'':
                escaped += "&#39;";
                break;
            default:
                escaped += c;
        }
    }
    return escaped;
}

std::string dev_user_page(std::string_view action, std::string_view ticket, std::string_view client,
                          const std::vector<DevUser>& users) {
    return page(
        "Who are you?",
        fmt::format("<p>{} asks you to log in. This issuer is for trying: it asks for no password.</p>"
                    "<form method=\"post\" action=\"{}\">{}{}</form>",
                    html_escaped(client), html_escaped(action), hidden("ticket", ticket), buttons(users)));
}

std::string dev_device_page(std::string_view action, std::string_view ticket, std::string_view user_code,
                            const std::vector<DevUser>& users) {
    return page(
        "Log in another device",
        fmt::format("<p>Continue only if this code stands on a device of yours.</p>"
                    "<form method=\"post\" action=\"{}\">{}<p><label>Code <input name=\"user_code\" "
                    "value=\"{}\" autocomplete=\"off\" required></label></p>{}"
                    "<button name=\"deny\" value=\"1\">Refuse</button></form>",
                    html_escaped(action), hidden("ticket", ticket), html_escaped(user_code), buttons(users)));
}

std::string dev_message_page(std::string_view title, std::string_view text) {
    return page(title, "<p>" + html_escaped(text) + "</p>");
}

}  // namespace euromesh::federation
