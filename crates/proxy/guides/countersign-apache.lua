-- Asks Countersign about a request, by mod_lua of Apache 2.4 and LuaSocket.
local http = require "socket.http"
local ltn12 = require "ltn12"

-- Where Countersign is.
local SERVER = "http://countersign:9000"
local PATH = "/outpost.goauthentik.io/auth/traefik"
local SIGN_IN = "/outpost.goauthentik.io/"
-- What is told about the request beside these: how it came, from whom, and to where.
local SENT = { "Cookie", "Authorization", "User-Agent", "Accept-Language", "Sec-Fetch-Mode", "Sec-Fetch-Site", "X-Countersign-Test" }
-- Headers of an answer that a browser needs.
local TOLD = { "Location", "Set-Cookie", "Cache-Control", "Retry-After", "WWW-Authenticate" }
local IDENTITY = {
    "X-authentik-username", "X-authentik-groups", "X-authentik-entitlements", "X-authentik-email", "X-authentik-name",
    "X-authentik-uid", "X-authentik-jwt", "X-authentik-meta-jwks", "X-authentik-meta-outpost", "X-authentik-meta-provider",
    "X-authentik-meta-app", "X-authentik-meta-version",
}

-- Each way to spell a name, of which programs behind CGI and WSGI make one.
local function spellings(name, each)
    local at = name:find("-", 1, true)
    if not at then
        return each(name)
    end
    local before, after = name:sub(1, at - 1), name:sub(at + 1)
    spellings(after, function(rest)
        each(before .. "-" .. rest)
        each(before .. "_" .. rest)
    end)
end

function countersign(r)
    -- Nobody has identity headers taken out by calling them headers of the connection.
    local connection = (r.headers_in["Connection"] or ""):lower()
    if connection:find("authentik", 1, true) then
        return 400
    end
    for _, name in ipairs(IDENTITY) do
        spellings(name, function(spelled) r.headers_in[spelled] = nil end)
    end
    if r.uri:sub(1, #SIGN_IN) == SIGN_IN then
        return apache2.OK
    end
    local headers = {
        ["X-Forwarded-For"] = r.useragent_ip,
        ["X-Forwarded-Host"] = r.headers_in["Host"],
        ["X-Forwarded-Proto"] = r.is_https and "https" or "http",
        ["X-Forwarded-Uri"] = r.unparsed_uri,
        ["X-Forwarded-Method"] = r.method,
    }
    for _, name in ipairs(SENT) do
        headers[name] = r.headers_in[name]
    end
    local body = {}
    http.TIMEOUT = 10
    local _, status, answer = http.request({
        url = SERVER .. PATH, headers = headers, redirect = false, sink = ltn12.sink.table(body),
    })
    if type(status) ~= "number" then
        r:err("Countersign cannot be asked: " .. tostring(status))
        return 503
    end
    if status < 200 or status > 299 then
        for _, name in ipairs(TOLD) do
            local value = answer[name:lower()]
            if value then
                r.err_headers_out[name] = value
            end
        end
        return status
    end
    for _, name in ipairs(IDENTITY) do
        r.headers_in[name] = answer[name:lower()] or ""
    end
    return apache2.OK
end
