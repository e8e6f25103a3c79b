# check=skip=all;error=true
# escape=`
FROM alpine:3.22
COPY --from="a`"b" --exclude=*.md --parents . C:\
RUN cat << EOF > /a && echo ${X#y} ${X/a/b}
body
EOF
RUN echo $((1 << 3))
