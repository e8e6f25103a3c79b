  from alpine:3.22 as base
	run echo tabs \
	 && echo "a # no comment" \
	# one \
  # two \\

 && echo last
Env LEGACY the whole  rest "of it"
ENV ONE=1 \
TWO="two \
halves" THREE='single\'
ARG NAME OTHER="o t h e r" THIRD
LABEL a.b=c "d e"="f g" h\ i=j
RUN\
 echo keyword and backslash
EXPO\
SE 80
RUN echo ends with an escaped escape \\
COPY a b /c/
RUN [ "exec" , "form" ]
RUN ["not", 'json']
RUN [ -f /etc/passwd ] && echo test
CMD []
ONBUILD COPY --from=base --chown=app:app . /app
ONBUILD RUN ["a", \
  "b"]
VOLUME ["/a", "/b c"]
MAINTAINER Somebody <somebody@example.com>
HEALTHCHECK NONE
USER app:app
RUN echo é ünïcödé — "…" 🐳 && \
    echo 中文
RUN a \ b \
