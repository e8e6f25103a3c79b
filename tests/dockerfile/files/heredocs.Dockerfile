FROM alpine:3.22 AS files
RUN <<EOF
#!/bin/sh
set -eu
# USER nobody, says a comment of the script
FROM=1
apk add --no-cache curl
EOF

COPY --chmod=644 <<-"INI" <<motd /etc/shop/
	[server]
	  port = $PORT

	INI
Welcome \
to the shop
motd

RUN cat 3<<'END OF FILE' > /etc/banner && echo done
	RUN is no instruction here
END OF FILE
RUN echo "<<EOF" '<<EOF' $((1<<3)) <<<word
ONBUILD RUN <<X cat
trigger
X
FROM files
ADD <<a /a
a
CMD ["cat", "<<EOF"]
