"""Files that nginx refuses: the same words, the same exit status."""
import os
import pathlib

import pytest

from harness import command
from harness.pair import DIFFERENCES

FRAME = "pid %%DIR%%/nginx.pid;\nerror_log %%DIR%%/error.log;\nevents { }\n"
TEMPORARY = "client_body_temp_path %%DIR%%/body; proxy_temp_path %%DIR%%/proxy; access_log off;\n%%ELSEWHERE%%"
ELSEWHERE = "".join(f"{kind}_temp_path %%DIR%%/{kind}; " for kind in ("fastcgi", "uwsgi", "scgi"))


def main(text):
    return FRAME + text


def http(text):
    return f"{FRAME}http {{\n{TEMPORARY}\n{text}\n}}\n"


def srv(text):
    return http(f"server {{\nlisten 127.0.0.1:18080;\n{text}\n}}")


def loc(text):
    return srv(f"location / {{\n{text}\n}}")


FILES = {
    # the language
    "no charset_map": http("charset utf-8;\nserver { listen 127.0.0.1:18080; location / { source_charset koi8-r; } }"), "charset": loc("charset a b;"), "charset twice": loc("charset a; charset off;"),
    "empty": "", "only a comment": "# nothing\n", "no events": "http { }\n", "fine": main(""), "fine http": http(""), "fine server": srv(""),
    "unknown": main("foo bar;"), "unknown in http": http("foo;"), "unknown block": http("foo { }"), "unknown in location": loc("foo 1 2;"),
    "not here": main("listen 80;"), "proxy_pass in server": srv("proxy_pass http://a;"), "server in main": main("server { }"),
    "worker_connections in http": http("worker_connections 5;"), "limit_req_zone in server": srv("limit_req_zone $a zone=b:1m rate=1r/s;"),
    "upstream in server": srv("upstream a { }"), "location in http": http("location / { }"), "map in server": srv("map $a $b { }"),
    "events twice": main("events { }"), "http twice": http("") + "http { }\n", "user in http": http("user root;"), "if in http": http("if ($a) { }"),
    "few arguments": loc("proxy_pass;"), "many arguments": loc("proxy_pass http://a b;"), "flag": http("tcp_nodelay maybe;"), "flag without a value": http("gzip;"),
    "no semicolon": http("server_tokens off"), "no semicolon in a block": loc("proxy_pass http://a"), "block without a brace": main("http"),
    "brace missing": FRAME + "http {\n server {\n", "brace too many": main("}"), "brace too many in http": http("}"), "a brace for a directive": loc("proxy_pass http://a { }"),
    "a semicolon for a block": http("server;"), "an empty directive": http(";"), "an open brace alone": http("{ }"), "open quote": http('server_tokens "off;'),
    "open single quote": http("log_format a 'b;\n"), "text after a quote": http('log_format a "b"c;'), "two words in quotes": http('"server_tokens off";'),
    "a quoted name": http('"server_tokens" off;'), "escapes": http(r'log_format a "\"\t\$x\\";'), "comment in a value": http("log_format a b#c;"), "comment after": http("server_tokens off;# x"),
    "comment glued": http("server_tokens off#x\n;"), "CRLF": http("server_tokens off;\r\n").replace("\n", "\r\n"), "BOM": "\ufeff" + http(""), "UTF-8": http("# \u7f13\u51b2\nlog_format a '\u7f13';"),
    "NUL": main("worker_processes\0 1;"), "a long word": http("log_format a " + "x" * 5000 + ";"), "a long quoted word": http("log_format a '" + "x" * 5000 + "';"),
    "variable in braces": loc('return 200 "${uri}x";'), "brace not closed": loc('return 200 "${uri";'), "bad variable name": loc('return 200 "${a-b}";'), "a dollar alone": loc('return 200 "a $ b";'), "a dollar at the end": loc('return 200 "a$";'),
    "unknown variable": loc('return 200 "$nothing_like_it";'), "unknown variable in a header": loc("proxy_set_header A $connection_upgrade; proxy_pass http://127.0.0.1;"),
    "unknown variable in log_format": http("log_format a '$nothing'; server { access_log /tmp/none a; }"), "unknown variable in map": http("map $nothing $b { }"),
    # include
    "include nothing": http("include none.conf;"), "include nothing by glob": http("include none*.conf;"), "include bad": http("include bad.include;"), "include a folder": http("include .;"),
    "include itself": http("include good.include;"), "include good": http("include good*.include;"),
    # ports
    **{f"listen {text}": http(f"server {{ listen {text}; }}") for text in ("127.0.0.1:18082-18081", "127.0.0.1:18082-", "127.0.0.1:-18082", "127.0.0.1:18082-70000", "*:18082-18083x",
                                                                          "127.0.0.1:0-3", "[::1]:18082-18081", "127.0.0.1:18082-18082")},
    "a port twice": srv("listen 127.0.0.1:18079-18081;"),
    # duplicates
    "duplicate root": loc("root /a; root /b;"), "duplicate proxy_pass": loc("proxy_pass http://127.0.0.1; proxy_pass http://127.0.0.2;"), "duplicate listen": srv("listen 127.0.0.1:18080;"),
    "duplicate server_name": srv("server_name a.test a.test;"), "conflicting names": http("server { listen 127.0.0.1:18080; server_name a.test; }\nserver { listen 127.0.0.1:18080; server_name a.test; }"),
    "two defaults": http("server { listen 127.0.0.1:18080 default_server; }\nserver { listen 127.0.0.1:18080 default_server; }"), "duplicate location": srv("location /a { }\nlocation /a { }"),
    "duplicate exact location": srv("location = /a { }\nlocation = /a { }"), "duplicate named location": srv("location @a { }\nlocation @a { }"), "duplicate upstream": http("upstream a { server 127.0.0.1; }\nupstream a { server 127.0.0.1; }"),
    "duplicate pid": main("pid b;"), "duplicate gzip": http("gzip on; gzip off;"), "duplicate proxy_read_timeout": loc("proxy_read_timeout 1; proxy_read_timeout 2;"), "duplicate zone": http("limit_req_zone $uri zone=a:1m rate=1r/s; limit_req_zone $uri zone=a:1m rate=1r/s;"),
    "duplicate log_format": http("log_format a b; log_format a c;"), "log_format combined": http("log_format combined x;"), "duplicate error_page": loc("error_page 404 /a; error_page 404 /b;"), "duplicate default_type": http("default_type a/b; default_type c/d;"),
    "duplicate expires": loc("expires 1h; expires 2h;"), "duplicate auth_basic": loc("auth_basic a; auth_basic b;"), "duplicate client_max_body_size": loc("client_max_body_size 1; client_max_body_size 2;"), "types twice": http("types { a/b c; } types { d/e c; }"),
    # listen, names, locations
    "listen nonsense": srv("listen x:y;"), "listen port": srv("listen 127.0.0.1:99999;"), "listen unknown": srv("listen 127.0.0.1:18081 nonsense;"), "listen host": srv("listen nobody.invalid:80;"), "listen backlog": srv("listen 127.0.0.1:18082 backlog=x;"),
    "listen options differ": http("server { listen 127.0.0.1:18080 backlog=5; }\nserver { listen 127.0.0.1:18080 backlog=6; }"), "listen ssl and not": http("server { listen 127.0.0.1:18080; server_name a; }\nserver { listen 127.0.0.1:18080 default_server; server_name b; }"),
    "listen without ssl": srv("listen 127.0.0.1:18083 ssl;"), "name with a slash": srv("server_name a/b;"), "name star inside": srv("server_name a.*.b;"), "name regex": srv("server_name ~^(a;"), "name empty": srv('server_name "";'), "name port": srv("server_name a:80;"),
    "location regex": srv("location ~ ^/(a { }"), "location modifier": srv("location ! /a { }"), "location outside": loc("location /a { }") .replace("location / {", "location /b {"), "location in exact": srv("location = /a { location /a/b { } }"), "named in location": loc("location @a { }"),
    "location in named": srv("location @a { location /b { } }"), "location without a slash": srv("location abc { }"), "location three words": srv("location a b c { }"), "location glued": srv("location =/a { }\nlocation ~\\.png$ { }\nlocation ^~/b { }"), "location empty": srv('location "" { }'),
    # proxy
    "proxy_pass scheme": loc("proxy_pass 127.0.0.1;"), "proxy_pass ftp": loc("proxy_pass ftp://127.0.0.1;"), "proxy_pass no host": loc("proxy_pass http://;"), "proxy_pass unknown host": loc("proxy_pass http://nobody.invalid;"), "proxy_pass port": loc("proxy_pass http://127.0.0.1:99999;"),
    "proxy_pass uri in regex": srv("location ~ /a { proxy_pass http://127.0.0.1/b; }"), "proxy_pass uri in named": srv("location @a { proxy_pass http://127.0.0.1/b; }"), "proxy_pass uri in if": loc("if ($uri) { proxy_pass http://127.0.0.1/b; }"), "proxy_pass with a slash in named": srv("location @a { proxy_pass http://127.0.0.1/; }"),
    "proxy_pass unix": loc("proxy_pass http://unix:/tmp/x.sock:/uri;"), "proxy_pass unix wrong": loc("proxy_pass http://unix:;"), "proxy_pass upstream with a port": http("upstream a { server 127.0.0.1; }\nserver { listen 127.0.0.1:18080; location / { proxy_pass http://a:80; } }"),
    "proxy_http_version": loc("proxy_http_version 2;"), "proxy_buffers one": loc("proxy_buffers 1 4k; proxy_pass http://127.0.0.1;"), "proxy_busy too large": loc("proxy_buffers 4 4k; proxy_busy_buffers_size 64k; proxy_pass http://127.0.0.1;"), "proxy_busy too small": loc("proxy_buffer_size 16k; proxy_busy_buffers_size 8k; proxy_pass http://127.0.0.1;"),
    "proxy_temp_file_write_size": loc("proxy_temp_file_write_size 1k; proxy_pass http://127.0.0.1;"), "proxy_max_temp_file_size": loc("proxy_max_temp_file_size 1k; proxy_pass http://127.0.0.1;"), "proxy_next_upstream": loc("proxy_next_upstream http_599;"), "proxy_next_upstream twice": loc("proxy_next_upstream error error;"),
    "proxy_redirect default": loc("proxy_redirect default; proxy_pass http://127.0.0.1;"), "proxy_redirect default and variables": loc("proxy_pass http://$host; proxy_redirect default;"), "proxy_redirect nonsense": loc("proxy_redirect nonsense; proxy_pass http://127.0.0.1;"), "proxy_redirect regex": loc("proxy_redirect ~( /; proxy_pass http://127.0.0.1;"),
    "proxy_cookie_path": loc("proxy_cookie_path nonsense; proxy_pass http://127.0.0.1;"), "proxy_cookie_flags": loc("proxy_cookie_flags a nonsense; proxy_pass http://127.0.0.1;"), "proxy_bind": loc("proxy_bind nonsense; proxy_pass http://127.0.0.1;"), "proxy_ignore_headers": loc("proxy_ignore_headers X-Nonsense;"), "proxy_ssl_protocols": loc("proxy_ssl_protocols SSLv9;"),
    "proxy_ssl_verify without a file": loc("proxy_ssl_verify on; proxy_pass https://127.0.0.1;"), "proxy_ssl_trusted_certificate": loc("proxy_ssl_verify on; proxy_ssl_trusted_certificate none.pem; proxy_pass https://127.0.0.1;"),
    # upstream
    "upstream empty": http("upstream a { }"), "upstream unused": http("upstream a { server 127.0.0.1:1; }"), "upstream host": http("upstream a { server nobody.invalid; }"), "upstream weight": http("upstream a { server 127.0.0.1 weight=0; }"), "upstream parameter": http("upstream a { server 127.0.0.1 nonsense=1; }"),
    "upstream max_fails": http("upstream a { server 127.0.0.1 max_fails=x; }"), "upstream fail_timeout": http("upstream a { server 127.0.0.1 fail_timeout=x; }"), "ip_hash backup": http("upstream a { ip_hash; server 127.0.0.1 backup; }"), "backup ip_hash": http("upstream a { server 127.0.0.1; server 127.0.0.2 backup; ip_hash; }"), "only backups": http("upstream a { server 127.0.0.1 backup; }"),
    "two methods": http("upstream a { ip_hash; least_conn; server 127.0.0.1; }"), "keepalive before the method": http("upstream a { server 127.0.0.1; keepalive 4; least_conn; }"), "keepalive zero": http("upstream a { server 127.0.0.1; keepalive 0; }"), "keepalive nonsense": http("upstream a { server 127.0.0.1; keepalive x; }"), "hash": http("upstream a { hash; server 127.0.0.1; }"),
    "hash nonsense": http("upstream a { hash $uri nonsense; server 127.0.0.1; }"), "random nonsense": http("upstream a { random three; server 127.0.0.1; }"), "unknown in upstream": http("upstream a { nonsense; server 127.0.0.1; }"), "zone without a size": http("upstream a { zone a; server 127.0.0.1; }"), "zone too small": http("upstream a { zone a 1k; server 127.0.0.1; }"), "max_conns": http("upstream a { server 127.0.0.1 max_conns=x; }"),
    "no upstream": loc("proxy_pass http://no_such_pool_here;"), "server port": http("upstream a { server 127.0.0.1:99999; }"),
    # rewrite
    "rewrite regex": loc("rewrite ^( / last;"), "rewrite flag": loc("rewrite ^ / nonsense;"), "return code": loc("return x;"), "return 1000": loc("return 1000;"), "return text": loc("return 200 a b;"), "return 99": loc("return 99;"), "return url": loc("return http://a.test/;"), "return word": loc("return nonsense text;"),
    "if empty": loc("if () { }"), "if nothing": loc("if { }"), "if no brackets": loc("if $a = b { }"), "if operator": loc("if ($uri == b) { }"), "if regex": loc("if ($uri ~ () { }"), "if nested": loc("if ($uri) { if ($args) { } }"), "if unclosed": loc("if ($uri = a { }"), "if file": loc("if (-z $uri) { }"), "if variable": loc("if (uri) { }"),
    "if not here": loc("if ($uri) { proxy_read_timeout 5; }"), "set no dollar": loc("set a b;"), "set uri": loc("set $uri b;"), "set host": loc("set $host b;"), "set http": loc("set $http_x b;"), "set args": loc("set $args b;"), "set arg": loc("set $arg_x b;"), "break argument": loc("break 1;"), "map no dollar": http("map $uri b { }"), "map duplicate": http("map $uri $b { a 1; a 2; }"),
    "map two defaults": http("map $uri $b { default 1; default 2; }"), "map three words": http("map $uri $b { a b c; }"), "map regex": http("map $uri $b { ~( 1; }"), "geo network": http("geo $b { x.y.z.0/8 1; }"), "geo low bits": http("geo $b { 10.1.2.3/8 1; }"), "geo duplicate": http("geo $b { 10.0.0.0/8 1; 10.0.0.0/8 2; }"), "split sum": http("split_clients $uri $b { 60% a; 60% b; }"), "split percent": http("split_clients $uri $b { x a; }"),
    "split rest": http("split_clients $uri $b { 10% a; }"), "captures without regex": loc('return 200 "$1";'),
    # who gets in
    "allow": loc("allow 1.2.3;"), "allow low bits": loc("allow 10.1.2.3/8;"), "deny name": loc("deny comfy.test;"), "satisfy": loc("satisfy some;"), "limit_req zone": loc("limit_req zone=none;"), "limit_req no zone": loc("limit_req burst=5;"), "limit_req nonsense": loc("limit_req zone=none nonsense;"), "limit_req_zone rate": http("limit_req_zone $uri zone=a:1m rate=5;"),
    "limit_req_zone no rate": http("limit_req_zone $uri zone=a:1m;"), "limit_req_zone size": http("limit_req_zone $uri zone=a:1k rate=1r/s;"), "limit_req_zone no size": http("limit_req_zone $uri zone=a rate=1r/s;"), "limit_conn": loc("limit_conn none 5;"), "limit_conn zero": http("limit_conn_zone $uri zone=a:1m; server { location / { limit_conn a 0; } }"), "limit_conn large": http("limit_conn_zone $uri zone=a:1m; server { location / { limit_conn a 70000; } }"),
    "limit_conn twice": http("limit_conn_zone $uri zone=a:1m; server { location / { limit_conn a 1; limit_conn a 2; } }"), "limit_req twice": http("limit_req_zone $uri zone=a:1m rate=1r/s; server { location / { limit_req zone=a; limit_req zone=a; } }"), "limit_except": loc("limit_except NONSENSE { deny all; }"), "limit_except empty": loc("limit_except { deny all; }"), "auth_request": loc("auth_request;"), "set_real_ip_from": http("set_real_ip_from nonsense.invalid;"), "limit_req_status": loc("limit_req_status 200;"),
    "limit_rate": loc("limit_rate x;"), "limit_req conn zone": http("limit_conn_zone $uri zone=a:1m; server { location / { limit_req zone=a; } }"),
    # numbers
    "size": http("client_max_body_size 1x;"), "size negative": http("client_max_body_size -1;"), "size huge": http("client_max_body_size 99999999999999999999;"), "time": http("keepalive_timeout 1x;"), "time twice": http("keepalive_timeout 1h1h;"), "time order": http("keepalive_timeout 1m1h;"), "time huge": http("keepalive_timeout 99999999999999;"), "number": http("keepalive_requests x;"),
    "ms for seconds": loc("expires 1ms;"), "expires": loc("expires nonsense;"), "expires two": loc("expires x 1h;"), "error_page code": loc("error_page 200 /a;"), "error_page 299": loc("error_page 299 /a;"), "error_page 600": loc("error_page 600 /a;"), "error_page change": loc("error_page 404 =x /a;"), "error_page word": loc("error_page x /a;"), "error_page one": loc("error_page 404;"),
    "enum": http("server_tokens maybe;"), "if_modified_since": http("if_modified_since maybe;"), "gzip_comp_level": http("gzip_comp_level 10;"), "gzip_http_version": http("gzip_http_version 2.0;"), "gzip_types twice": http("gzip_types a/b a/b;"), "gzip_types html": http("gzip_types text/html;"), "gzip_proxied": http("gzip_proxied nonsense;"), "gzip_disable": http('gzip_disable "(";'), "large buffers": http("large_client_header_buffers 0 1k;"),
    "header buffer larger than large": http("client_header_buffer_size 4k; large_client_header_buffers 4 1k;"), "large_client_header_buffers small": http("large_client_header_buffers 4 100; client_header_buffer_size 50;"), "worker_connections": "events { worker_connections x; }\n", "use": "events { use nonsense; }\n", "worker_processes": "worker_processes x;\nevents { }\n", "worker_processes zero": "worker_processes 0;\nevents { }\n", "daemon": "daemon maybe;\nevents { }\n",
    "user": "user nobody_of_this_name;\nevents { }\n", "error_log level": "error_log x nonsense;\nevents { }\n", "access_log format": http("access_log x none;"), "access_log off more": http("access_log off combined;"), "access_log parameter": http("access_log x combined nonsense=1;"), "access_log flush": http("access_log x combined flush=1m;"), "access_log buffer": http("access_log x combined buffer=x;"), "access_log if": http("access_log x combined if=$nothing_here;"),
    "alias in named": srv("location @a { alias /b; }"), "root and alias": loc("root /a; alias /b;"), "root variable": loc("root $document_root;"), "alias in server": srv("alias /a;"), "try_files one": loc("try_files $uri;"), "try_files code": loc("try_files $uri =x;"), "try_files twice": loc("try_files a b; try_files c d;"), "index empty": loc('index "";'), "index": loc("index;"), "types": http("types { a; }"), "autoindex_format": loc("autoindex_format yaml;"),
    "internal argument": loc("internal yes;"), "add_header": loc("add_header A;"), "add_header third": loc("add_header A b c;"), "resolver": http("resolver nonsense.invalid;"), "resolver valid": http("resolver 127.0.0.1 valid=x;"), "lingering_close": http("lingering_close maybe;"), "keepalive_disable": http("keepalive_disable opera;"), "satisfy twice": loc("satisfy all; satisfy any;"), "open_file_cache": http("open_file_cache nonsense;"),
    # TLS
    "ssl_certificate": http("server { listen 127.0.0.1:18443 ssl; ssl_certificate none.pem; ssl_certificate_key none.key; }"), "ssl_certificate_key missing": http("server { listen 127.0.0.1:18443 ssl; ssl_certificate none.pem; }"), "ssl_certificate missing": http("server { listen 127.0.0.1:18443 ssl; }"), "ssl_protocols": http("ssl_protocols TLSv9;"), "ssl_ciphers": http("server { listen 127.0.0.1:18443 ssl; ssl_certificate %%CERT%%; ssl_certificate_key %%KEY%%; ssl_ciphers nonsense; }"),
    "ssl key of another": http("server { listen 127.0.0.1:18443 ssl; ssl_certificate %%CERT%%; ssl_certificate_key %%OTHER%%; }"), "ssl key is no key": http("server { listen 127.0.0.1:18443 ssl; ssl_certificate %%CERT%%; ssl_certificate_key %%CERT%%; }"), "ssl_session_cache": http("ssl_session_cache nonsense;"), "ssl_session_cache size": http("ssl_session_cache shared:a:1;"), "ssl_verify_client": http("server { listen 127.0.0.1:18443 ssl; ssl_certificate %%CERT%%; ssl_certificate_key %%KEY%%; ssl_verify_client on; }"),
    "ssl_verify_client word": http("ssl_verify_client maybe;"), "ssl_dhparam": http("server { listen 127.0.0.1:18443 ssl; ssl_certificate %%CERT%%; ssl_certificate_key %%KEY%%; ssl_dhparam none.pem; }"), "ssl_ecdh_curve": http("server { listen 127.0.0.1:18443 ssl; ssl_certificate %%CERT%%; ssl_certificate_key %%KEY%%; ssl_ecdh_curve nonsense; }"), "fine ssl": http("server { listen 127.0.0.1:18443 ssl; ssl_certificate %%CERT%%; ssl_certificate_key %%KEY%%; }"), "http2 in listen": http("server { listen 127.0.0.1:18443 ssl http2; ssl_certificate %%CERT%%; ssl_certificate_key %%KEY%%; }"),
}


@pytest.mark.parametrize("name", FILES)
def test_the_same_words(name, tmp_path, certificates):
    told = both_say(name, tmp_path, certificates)
    if told[0] != told[1] and DIFFERENCES:
        pathlib.Path(DIFFERENCES).mkdir(exist_ok=True)
        with open(pathlib.Path(DIFFERENCES) / "bad_files.txt", "a") as file:
            file.write(f"== {name}\n{FILES[name][-700:]}\n- nginx    {told[0]}\n+ comfymux {told[1]}\n\n")
    assert told[0] == told[1]


def both_say(name, folder, certificates):
    certificate, key = certificates.of("comfy.test")
    (folder / "bad.include").write_text("server_tokens off;\nnonsense;\n")
    (folder / "good.include").write_text("server_tokens off;\n")
    told = []
    for program in command.PROGRAMS:
        text = FILES[name].replace("%%ELSEWHERE%%", ELSEWHERE if program == command.PROGRAMS[0] else
                                   ELSEWHERE if command.server.AGAINST_ITSELF else "")
        for word, value in (("DIR", folder), ("CERT", certificate), ("KEY", key), ("OTHER", certificates.of("worker.test")[1])):
            text = text.replace(f"%%{word}%%", str(value))
        (folder / "nginx.conf").write_bytes(text.encode("utf-8"))
        told.append(command.run(program, folder, "-t", "-p", f"{folder}/", "-c", "nginx.conf", "-e", f"{folder}/error.log"))
        assert os.path.exists(folder)
    return told
