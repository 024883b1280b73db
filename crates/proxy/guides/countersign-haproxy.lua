-- Asks Countersign about a request, by HAProxy (2.5 or newer).
local PATH = "/outpost.goauthentik.io/auth/traefik"
-- What is told about the request beside these: how it came, from whom, and to where.
local SENT = { "cookie", "authorization", "user-agent", "accept-language", "sec-fetch-mode", "sec-fetch-site" }
-- Headers of an answer that a browser needs.
local TOLD = { "location", "set-cookie", "content-type", "cache-control", "retry-after", "www-authenticate" }

-- A name as programs behind CGI and WSGI see it, which make one of several.
local function folded(name)
    return (name:lower():gsub("[^%w]", "-"))
end

local function values(list)
    local all = {}
    for _, value in pairs(list or {}) do
        table.insert(all, value)
    end
    return all
end

local function refuse(txn, status, text)
    txn:done(txn:reply({ status = status, headers = { ["content-type"] = { "text/plain" } }, body = text }))
end

core.register_action("countersign", { "http-req" }, function(txn, server)
    local sent = txn.http:req_get_headers()
    -- Nobody has identity headers taken out by calling them headers of the connection.
    for _, value in pairs(sent["connection"] or {}) do
        if folded(value):find("authentik", 1, true) then
            return refuse(txn, 400, "This request cannot be read.")
        end
    end
    local headers = {
        ["x-forwarded-for"] = { txn.sf:src() },
        ["x-forwarded-host"] = values(sent["host"]),
        ["x-forwarded-proto"] = { txn.sf:ssl_fc() == 1 and "https" or "http" },
        ["x-forwarded-uri"] = { txn.sf:pathq() },
        ["x-forwarded-method"] = { txn.sf:method() },
    }
    for _, name in ipairs(SENT) do
        if sent[name] then
            headers[name] = values(sent[name])
        end
    end
    -- The mark of a test of Countersign.
    if sent["x-countersign-test"] then
        headers["x-countersign-test"] = values(sent["x-countersign-test"])
    end
    local answer = core.httpclient():get({ url = server .. PATH, headers = headers, timeout = 10000 })
    if not answer or not answer.status or answer.status == 0 then
        return refuse(txn, 503, "Who this is cannot be asked for the moment.")
    end
    if answer.status < 200 or answer.status > 299 then
        local told = {}
        for _, name in ipairs(TOLD) do
            if answer.headers[name] then
                told[name] = values(answer.headers[name])
            end
        end
        return txn:done(txn:reply({ status = answer.status, headers = told, body = answer.body or "" }))
    end
    -- Who it is says the answer alone, whatever the client wrote.
    for name in pairs(sent) do
        if folded(name):sub(1, 12) == "x-authentik-" then
            txn.http:req_del_header(name)
        end
    end
    for name, list in pairs(answer.headers) do
        if name:sub(1, 12) == "x-authentik-" then
            txn.http:req_del_header(name)
            for _, value in pairs(list) do
                txn.http:req_add_header(name, value)
            end
        end
    end
end, 1)
