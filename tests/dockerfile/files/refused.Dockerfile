# escape=x
RUN before from
FORM alpine
FROM node 22
FROM alpine AS 1st
ENV A
ENV B=1 2
CHMOD +x /a
COPY --form=base a b
COPY a
SHELL /bin/sh
CMD [1, "two"]
HEALTHCHECK --interval=5 CMD true
EXPOSE
RUN --mount=type=cahe,target=/x true
RUN <<EOF
 never closed
